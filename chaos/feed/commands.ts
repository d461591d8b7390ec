// What the server's process can be told, and what it answers.

/** What became of what clients sent: they number their messages too. */
export interface Received {
  readonly messages: number
  readonly last: number
  readonly twice: number
  readonly outOfOrder: number
}

export interface Stats {
  /** The number of the latest message of the feed. */
  readonly published: number
  /** Sessions so far, and those that are open. */
  readonly sessions: number
  readonly open: number
  readonly received: Received
  /** The code of each Close frame that a client began, 1006 where there was none. */
  readonly closes: ReadonlyArray<number>
}

export type Command =
  | { readonly _tag: "listen"; readonly host: string; readonly port: number; readonly secure: boolean }
  /** A number every so many milliseconds, none for 0; each message has at least so many bytes. */
  | { readonly _tag: "feed"; readonly every: number; readonly width: number }
  /** So many numbers at once. */
  | { readonly _tag: "burst"; readonly count: number; readonly width: number }
  /** Closes every session. */
  | { readonly _tag: "close"; readonly code: number; readonly reason: string }
  /** Closes each session from now on as soon as it is open; 0 for no longer. */
  | { readonly _tag: "closeAtOnce"; readonly code: number }
  | { readonly _tag: "stats" }

export interface Question {
  readonly id: number
  readonly command: Command
}

export interface Reply {
  readonly id: number
  readonly port: number
  readonly stats: Stats
}
