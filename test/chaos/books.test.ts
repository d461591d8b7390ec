import { describe, expect, it } from "vitest"
import { audit, Books, written } from "../../chaos/feed/books.ts"

const failuresOf = (messages: ReadonlyArray<readonly [session: number, number: number]>): ReadonlyArray<string> => {
  const books = new Books()
  for (const [session, number] of messages) books.receive(written(session, number, 20))
  return books.failures
}

describe("the books of the numbered feed", () => {
  it("find nothing wrong with gaps between sessions", () => {
    expect(failuresOf([[1, 1], [1, 2], [2, 7], [2, 8], [5, 100]])).toEqual([])
  })

  it.each<[problem: string, messages: ReadonlyArray<readonly [number, number]>, sentence: string]>([
    ["a number that comes twice", [[1, 1], [1, 2], [1, 2]], "#2 twice"],
    ["a number that comes again in the next session", [[1, 1], [1, 2], [2, 2]], "#2 twice"],
    ["numbers out of order", [[1, 1], [1, 2], [1, 1]], "#1 after #2"],
    ["a gap within a session", [[1, 1], [1, 4]], "#2 to #3 are missing within session 1"],
    ["a message of a session that is over", [[1, 1], [2, 2], [1, 3]], "#3 of session 1 after session 2"]
  ])("name %s", (_problem, messages, sentence) => {
    expect(failuresOf(messages)).toEqual([sentence])
  })

  it("name a message that nobody sent, and count the rest", () => {
    const books = new Books()
    for (let i = 0; i < 5; i++) books.receive(`broken ${i}`)
    expect(books.failures).toHaveLength(4)
    expect(books.failures.at(-1)).toBe("and 2 more")
    expect(books.messages).toBe(0)
  })

  it("are audited once, all that were opened since the last audit", () => {
    audit()
    const [good, bad] = [new Books(), new Books()]
    for (const books of [good, bad]) books.receive(written(1, 1, 0))
    bad.receive(written(1, 1, 0))
    expect(audit()).toEqual(["#1 twice"])
    expect(audit()).toEqual([])
  })

  it("tell how many messages and sessions there were, and the last number", () => {
    const books = new Books()
    for (const [session, number] of [[1, 1], [1, 2], [3, 9]] as const) books.receive(written(session, number, 0))
    expect([books.messages, books.sessions, books.last]).toEqual([3, 2, 9])
  })
})
