/**
 * Which faults befall a dial: those in the list, in order, as long as their
 * `times` last and the dice agree.
 */
import { type AnswerFault, type Fault, isSessionFault, type SessionFault } from "./Fault.ts"

/** What befalls one dial. */
export interface Fate {
  readonly answer: ReadonlyArray<AnswerFault>
  readonly session: ReadonlyArray<SessionFault>
}

interface Entry {
  readonly fault: Fault
  left: number
}

// These come before or beside whatever else is wrong with an answer; of the others there can be one.
const combines: ReadonlySet<Fault["fault"]> = new Set(["stall", "trickle"])
// After these there is no session whose faults could be used up.
const ends: ReadonlySet<Fault["fault"]> = new Set(["refuse", "hang-up", "not-http", "refuse-tcp"])

/** The list. `random` gives numbers from 0 to 1. */
export class FaultList {
  private readonly random: () => number
  private entries: Array<Entry> = []

  constructor(random: () => number) {
    this.random = random
  }

  add(faults: ReadonlyArray<Fault>): void {
    for (const fault of faults) this.entries.push({ fault, left: fault.times ?? Infinity })
  }

  replace(faults: ReadonlyArray<Fault>): void {
    this.entries = []
    this.add(faults)
  }

  /** What is still to come; `times` is what is left of it. */
  get left(): ReadonlyArray<Fault> {
    return this.entries.filter(({ left }) => left > 0)
      .map(({ fault, left }) => left === Infinity ? fault : { ...fault, times: left })
  }

  /** Takes what befalls the next dial. Of one name there is one at a time: the next in the list waits for its turn. */
  next(): Fate {
    const answer: Array<AnswerFault> = []
    const session: Array<SessionFault> = []
    const taken = new Set<Fault["fault"]>()
    let answered = false
    for (const entry of this.entries) {
      const { fault } = entry
      if (isSessionFault(fault) || taken.has(fault.fault)) continue
      if (answered && !combines.has(fault.fault)) continue
      if (!this.draw(entry)) continue
      taken.add(fault.fault)
      answer.push(fault)
      answered ||= !combines.has(fault.fault)
    }
    if (answer.some(({ fault }) => ends.has(fault))) return { answer, session }
    for (const entry of this.entries) {
      const { fault } = entry
      if (!isSessionFault(fault) || taken.has(fault.fault) || !this.draw(entry)) continue
      taken.add(fault.fault)
      session.push(fault)
    }
    return { answer, session }
  }

  private draw(entry: Entry): boolean {
    if (entry.left === 0) return false
    const { probability } = entry.fault
    // Certain things need no dice: the numbers of a seed are for those that do.
    if (probability !== undefined && this.random() >= probability) return false
    entry.left--
    return true
  }
}
