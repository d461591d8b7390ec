/**
 * The connections of one process, by name: what they are told, and what they
 * tell. `run` fills it from a config; the control socket and the page ask it.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { ConnectionService } from "../../Connection.ts"
import type { ConnectionError } from "../../ConnectionError.ts"
import type { ConnectionEvent } from "../../ConnectionEvent.ts"
import type { Message } from "../../Link.ts"
import type * as NodeConnection from "../../node/NodeConnection.ts"
import type { CliFailure } from "../failure.ts"
import type { ConnectionReport } from "./ConnectionReport.ts"

/** One connection that is wanted. */
export interface Plan {
  /** Unique in the fleet. */
  readonly name: string
  /** Two plans with the same fingerprint are the same connection: `apply` does not touch it. */
  readonly fingerprint: string
  /** How to connect; the fleet adds `name`, and has it dial once everything is attached. */
  readonly options: NodeConnection.Options
  /** What is attached to the connection for its life: sinks and sources. Runs before the first dial. */
  readonly attach: (connection: ConnectionService) => Effect.Effect<void, CliFailure, Scope.Scope>
}

/** Something happened to one of the connections. */
export interface Activity {
  readonly connection: string
  readonly event: ConnectionEvent
}

/** What `apply` did, by name. */
export interface Applied {
  readonly added: ReadonlyArray<string>
  readonly changed: ReadonlyArray<string>
  readonly removed: ReadonlyArray<string>
  readonly unchanged: ReadonlyArray<string>
}

/** No connection has this name. */
export class UnknownConnection extends Schema.TaggedError<UnknownConnection>("holdfast/cli/UnknownConnection")(
  "UnknownConnection",
  { name: Schema.String, known: Schema.Array(Schema.String) }
) {
  override get message(): string {
    return this.known.length === 0
      ? `There is no connection "${this.name}"; there is none at all.`
      : `There is no connection "${this.name}". There are: ${this.known.join(", ")}.`
  }
}

/** How the first handshakes went: each connection has been open once, or one has failed for good. */
export type Started = Effect.Effect<void, { readonly connection: string; readonly error: ConnectionError }>

/** The connections of this process. */
export class Fleet extends Context.Service<Fleet, {
  /** One report for each connection, in the config's order. */
  readonly reports: Effect.Effect<ReadonlyArray<ConnectionReport>>
  readonly report: (name: string) => Effect.Effect<ConnectionReport, UnknownConnection>
  /** Every event of every connection from now on, those added later too; sliding, never holds anything up. */
  readonly activity: Stream.Stream<Activity>
  /** Sends as `Connection.send` does. */
  readonly send: (name: string, message: Message) => Effect.Effect<void, ConnectionError | UnknownConnection>
  /** Ends the session and dials anew, or dials at once; one that was closed is started again. */
  readonly reconnect: (name: string) => Effect.Effect<void, CliFailure | ConnectionError | UnknownConnection>
  /** Closes one connection with 1000. It stays in the reports, as `Closed`. */
  readonly close: (name: string) => Effect.Effect<void, ConnectionError | UnknownConnection>
  /**
   * Makes these the connections: new ones are started, those that are not in the
   * list are closed, changed ones are closed and started anew, the others are not
   * touched. Where a new or changed one cannot be made, nothing is changed.
   */
  readonly apply: (plans: ReadonlyArray<Plan>) => Effect.Effect<Applied, CliFailure>
  /** Succeeds when every connection has been open once; fails as soon as one is closed for good before. */
  readonly started: Started
  /**
   * Fails when every connection is closed for good and at least one of them gave
   * up, with the cause of the first such in the list. Where all were closed by us,
   * somebody may start them again.
   */
  readonly ended: Effect.Effect<void, CliFailure>
}>()("holdfast/cli/Fleet") {}
