// The books about a numbered feed. The server counts its messages, whether or not anybody listens, and writes before
// each number which of its sessions it is sent to: so what is missing within a session is a loss without an excuse.

/** `session:number`, filled up to so many bytes. */
export const written = (session: number, number: number, width: number): string =>
  `${session}:${number}`.padEnd(width, " ")

const opened = new Set<Books>()

/** What is wrong with any books that were opened since the last audit. */
export const audit = (): ReadonlyArray<string> => {
  const failures = [...opened].flatMap((books) => books.failures)
  opened.clear()
  return failures
}

export class Books {
  private session = 0
  private latest = 0
  private readonly problems: Array<string> = []
  /** Messages so far. */
  messages = 0
  /** Server sessions heard of so far. */
  sessions = 0

  constructor() {
    opened.add(this)
  }

  /** Books a message. */
  receive(message: string): void {
    const colon = message.indexOf(":")
    const session = Number(message.slice(0, colon))
    const number = Number(message.slice(colon + 1))
    if (colon === -1 || !Number.isInteger(session) || !Number.isInteger(number)) {
      this.problems.push(`a message that nobody sent: ${JSON.stringify(message.slice(0, 40))}`)
      return
    }
    this.messages++
    if (session < this.session) this.problems.push(`#${number} of session ${session} after session ${this.session}`)
    else if (number === this.latest) this.problems.push(`#${number} twice`)
    else if (number < this.latest) this.problems.push(`#${number} after #${this.latest}`)
    else if (session === this.session && number !== this.latest + 1) {
      this.problems.push(`#${this.latest + 1} to #${number - 1} are missing within session ${session}`)
    }
    if (session > this.session) this.sessions++
    this.session = Math.max(session, this.session)
    this.latest = Math.max(number, this.latest)
  }

  /** The latest number. */
  get last(): number {
    return this.latest
  }

  /** What must never be, a sentence each, the first few. */
  get failures(): ReadonlyArray<string> {
    const { length } = this.problems
    return length > 3 ? [...this.problems.slice(0, 3), `and ${length - 3} more`] : this.problems
  }
}
