/** The names of what is checked, as `docs/topics/proof.md` lists them. */
export type Invariant =
  | "at most one live session"
  | "status edges are legal"
  | "every send has one outcome"
  | "what is not sent is not received"
  | "what is accepted arrives"
  | "a flush is honest"
  | "sends keep their order"
  | "nothing expired is sent"
  | "one waits for each key"
  | "preludes go first"
  | "no window above the limit"
  | "no frame twice or out of order"
  | "no frame is lost in between"
  | "nothing before greet"
  | "dials are bounded"
  | "no delay below its floor"
  | "backoff resets only after a stable session"
  | "no false alarm"
  | "a dead peer is found"
  | "sessions of users do not overlap"
  | "everything is released"

export class Violation extends Error {
  readonly invariant: Invariant

  constructor(invariant: Invariant, sentence: string) {
    super(sentence)
    this.invariant = invariant
  }
}

/** Throws where the condition does not hold. */
export const must = (condition: boolean, invariant: Invariant, sentence: () => string): void => {
  if (!condition) throw new Violation(invariant, sentence())
}
