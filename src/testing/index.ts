/**
 * `holdfast/testing`: an in-memory network with faults, for tests on virtual time.
 */
export * as TestTransport from "./TestTransport.ts"
