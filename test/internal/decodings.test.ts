import * as Schema from "effect/Schema"
import { afterEach, describe, expect, it } from "vitest"
import * as Codec from "../../src/Codec.ts"
import { batchOf, handedOver } from "../../src/internal/bursts.ts"
import { Decoder } from "../../src/internal/decoder.ts"
import { Decodings } from "../../src/internal/decodings.ts"
import type { Message } from "../../src/Link.ts"

/** Decodings that count what they decode. */
const counted = (options: { readonly codec?: Codec.Codec; readonly fail?: boolean } = {}) => {
  const codec = options.codec ?? Codec.json
  const decoded: Array<Message> = []
  const problems: Array<string> = []
  const counting = Codec.make({
    ...codec,
    decode: (message) => {
      decoded.push(message)
      return codec.decode(message)
    }
  })
  const decodings = new Decodings<number, string>(new Decoder(counting, Schema.Number), ({ head }) => {
    problems.push(head)
    return options.fail === true ? `invalid: ${head}` : undefined
  })
  const values = (batch: ReadonlyArray<Message>) => decodings.ofBatch(batch).values
  const single = (message: Message) => {
    const values: Array<number> = []
    decodings.ofMessage(message, (value) => values.push(value))
    return values
  }
  return { decoded, decodings, problems, single, values }
}

/** As the inbox does: handlers first, then the burst. */
const push = (burst: Array<Message>, message: Message, listen: (message: Message) => unknown): void => {
  handedOver.messages = burst
  handedOver.index = burst.length
  listen(message)
  handedOver.messages = undefined
  burst.push(message)
}

afterEach(() => {
  handedOver.messages = undefined
})

describe("a burst", () => {
  it("is decoded once, and everybody is given the same array", () => {
    const { decoded, values } = counted()
    const burst = ["1", "2"]
    expect(values(burst)).toEqual([1, 2])
    expect(values(burst)).toBe(values(burst))
    expect(decoded).toEqual(["1", "2"])
  })

  it("is decoded once for a reader that was handed parts of it", () => {
    const { decoded, values } = counted()
    const burst = ["1", "2", "3"]
    expect(values(batchOf([{ messages: burst, start: 1, end: 2 }]))).toEqual([2])
    expect(values(batchOf([{ messages: burst, start: 0, end: 2 }, { messages: ["4"], start: 0, end: 1 }])))
      .toEqual([1, 2, 4])
    expect(values(burst)).toEqual([1, 2, 3])
    expect(decoded).toEqual(["2", "1", "4", "3"])
  })

  it("is decoded once where handlers heard it before", () => {
    const { decoded, single, values } = counted()
    const burst: Array<Message> = []
    const heard: Array<number> = []
    push(burst, "1", (message) => heard.push(...single(message)))
    push(burst, "2", () => {})
    push(burst, "x", (message) => heard.push(...single(message)))
    push(burst, "3", (message) => heard.push(...single(message)))
    expect(values(burst)).toEqual([1, 2, 3])
    expect(heard).toEqual([1, 3])
    expect(decoded).toEqual(["1", "x", "3", "2"])
  })

  it("is decoded once where single messages are taken from it", () => {
    const { decoded, single, values } = counted()
    const burst = ["1", "2"]
    handedOver.messages = burst
    handedOver.index = 0
    expect(single("1")).toEqual([1])
    expect(values(burst)).toEqual([1, 2])
    handedOver.messages = burst
    handedOver.index = 1
    expect(single("2")).toEqual([2])
    expect(decoded).toEqual(["1", "2"])
  })
})

describe("a hint that is wrong", () => {
  it("is found out: a message that was heard but never came into the burst", () => {
    const { single, values } = counted()
    const burst: Array<Message> = []
    push([], "0", () => {})
    handedOver.messages = burst
    handedOver.index = 0
    expect(single("1")).toEqual([1])
    handedOver.messages = undefined
    burst.push("2", "3")
    expect(values(burst)).toEqual([2, 3])
    expect(values(burst)).toEqual([2, 3])
  })

  it("is found out: another message", () => {
    const { single } = counted()
    handedOver.messages = ["1"]
    handedOver.index = 0
    expect(single("2")).toEqual([2])
  })
})

describe("what is invalid", () => {
  it("is told once, and passed over", () => {
    const { decodings, problems, values } = counted()
    const burst = ["1", "x", "2"]
    expect(values(burst)).toEqual([1, 2])
    expect(values(burst)).toEqual([1, 2])
    expect(decodings.ofBatch(["y"])).toEqual({ values: [], error: undefined })
    expect(problems).toEqual(["x", "y"])
  })

  it("fails every reader behind what came before", () => {
    const { decodings, problems } = counted({ fail: true })
    const burst = ["1", "x", "2"]
    expect(decodings.ofBatch(burst)).toEqual({ values: [1], error: "invalid: x" })
    expect(decodings.ofBatch(burst)).toEqual({ values: [1], error: "invalid: x" })
    expect(decodings.ofBatch(batchOf([{ messages: burst, start: 2, end: 3 }]))).toEqual({
      values: [2],
      error: undefined
    })
    expect(decodings.ofMessage("y", () => {})).toBe("invalid: y")
    expect(problems).toEqual(["x", "y"])
  })
})

describe("a frame with several values", () => {
  it("gives all of them, without the lines that are invalid", () => {
    const { problems, single, values } = counted({ codec: Codec.ndjson })
    expect(values(["1\n2\n", "\n", "3", "4\nx\n5"])).toEqual([1, 2, 3, 4, 5])
    expect(single("6\ny\n7")).toEqual([6, 7])
    expect(problems).toEqual(["x", "y"])
  })

  it("fails behind the lines before", () => {
    const { decodings } = counted({ codec: Codec.ndjson, fail: true })
    expect(decodings.ofBatch(["1\nx\n2"])).toEqual({ values: [1], error: "invalid: x" })
    const values: Array<number> = []
    expect(decodings.ofMessage("1\nx\n2", (value) => values.push(value))).toBe("invalid: x")
    expect(values).toEqual([1])
  })

  it("that cannot be split is one invalid message", () => {
    const { problems, values } = counted({ codec: Codec.ndjson })
    expect(values([Uint8Array.of(0xff), "1"])).toEqual([1])
    expect(problems).toEqual(["ff"])
  })
})

describe("two protocols on one connection", () => {
  it("decode each for themselves", () => {
    const numbers = counted()
    const lines = counted({ codec: Codec.ndjson })
    const burst = ["1", "2\n"]
    for (let i = 0; i < 2; i++) {
      expect(numbers.values(burst)).toEqual([1, 2])
      expect(lines.values(burst)).toEqual([1, 2])
    }
    expect(numbers.decoded).toEqual(["1", "2\n"])
    expect(lines.decoded).toEqual(["1", "2"])
  })

  it("decode anew what somebody froze", () => {
    const { values } = counted()
    const burst = Object.freeze(["1", "2"])
    expect(values(burst)).toEqual([1, 2])
    expect(values(burst)).toEqual([1, 2])
  })
})
