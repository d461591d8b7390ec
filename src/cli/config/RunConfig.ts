/**
 * What a config file says, checked and complete: names are resolved, defaults
 * are inherited, secrets are read.
 */
import type * as Redacted from "effect/Redacted"
import type { Plan } from "../fleet/Fleet.ts"
import type { Sink, Source } from "./schema.ts"

/** What the config says beside the connections. */
export interface Settings {
  /** Where the page, the metrics and the health checks are served. */
  readonly http?: {
    readonly host: string
    readonly port: number
    readonly token?: Redacted.Redacted | undefined
  } | undefined
  /** Where a daemon writes what it would write to stderr. */
  readonly log?: {
    /** Absolute. */
    readonly file?: string | undefined
    /** Bytes after which a new file is begun. */
    readonly maxSize?: number | undefined
    /** How many old files are kept. */
    readonly maxFiles?: number | undefined
  } | undefined
  readonly daemon?: {
    /** Where the control socket, the pidfile and the state are; absolute. */
    readonly folder?: string | undefined
    /** Milliseconds that `start` waits for the first handshakes. */
    readonly wait?: number | undefined
    /** How often a worker that crashed is started again. */
    readonly restart?: {
      /** So many restarts within `within` are the limit; 0 for none. */
      readonly limit?: number | undefined
      /** Milliseconds. */
      readonly within?: number | undefined
      /** Milliseconds before the first restart. */
      readonly first?: number | undefined
      /** The most milliseconds before a restart. */
      readonly cap?: number | undefined
    } | undefined
  } | undefined
}

/** A sink that a connection writes to. The same `key` is the same sink, whoever writes to it. */
export interface SinkPlan {
  readonly key: string
  /** For people: its name in the config, or what it is. */
  readonly name: string
  readonly sink: Sink
}

/** A source whose lines a connection sends. */
export interface SourcePlan {
  /** For people. */
  readonly name: string
  readonly source: Source
}

/** A connection of the config. `run` attaches the sinks and sources, which makes it a whole `Plan`. */
export interface ConnectionPlan extends Omit<Plan, "attach"> {
  readonly to: ReadonlyArray<SinkPlan>
  readonly from: ReadonlyArray<SourcePlan>
  /** What was understood, for people, secrets hidden. */
  readonly understood: { readonly [key: string]: unknown }
}

/** What a config file says. */
export interface RunConfig {
  /** Absolute. */
  readonly file: string
  /** The config's `name`, or the file's name without its extension. */
  readonly name: string
  readonly settings: Settings
  readonly plans: ReadonlyArray<ConnectionPlan>
}
