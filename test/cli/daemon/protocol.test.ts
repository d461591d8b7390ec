import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import {
  cancelLine,
  checkReply,
  protocolVersion,
  readReply,
  readRequest,
  replyLine,
  requestLine
} from "../../../src/cli/daemon/protocol.ts"
import { CliFailure, connectionFailure } from "../../../src/cli/failure.ts"
import { ConnectionError, HandshakeRejected } from "../../../src/ConnectionError.ts"

describe("a request", () => {
  it("is a line of JSON with the protocol's version", () => {
    const line = requestLine(7, { _tag: "Send", connection: "feed", text: "two\nlines" })
    expect(line).not.toContain("\n")
    expect(JSON.parse(line)).toMatchObject({ holdfast: protocolVersion, id: 7, request: { _tag: "Send" } })
    expect(readRequest(line)).toEqual({ id: 7, request: { _tag: "Send", connection: "feed", text: "two\nlines" } })
    expect(readRequest(cancelLine(7))).toEqual({ id: 7, request: "cancel" })
  })

  it("that is none is answered with a sentence", () => {
    expect(readRequest("GET / HTTP/1.1")).toMatchObject({ id: 0, request: { exit: "usage" } })
    expect(readRequest("{}")).toMatchObject({ id: 0, request: { exit: "usage" } })
    expect(readRequest(JSON.stringify({ holdfast: protocolVersion, id: 3, request: { _tag: "Explode" } })))
      .toMatchObject({ id: 3, request: { exit: "usage", message: expect.stringContaining("does not know") } })
  })

  it("of another version is answered with what to do", () => {
    const { id, request } = readRequest(JSON.stringify({ holdfast: 99, id: 3, request: { _tag: "Hum" } }))
    expect(id).toBe(3)
    expect(request).toMatchObject({
      message: expect.stringContaining("version 99"),
      advice: expect.stringContaining("restart")
    })
  })
})

describe("a reply", () => {
  const roundTrip = (line: string) =>
    Effect.runSync(Effect.flip(Effect.flatMap(readReply(line), ({ answer }) => answer)))

  it("comes as it was given, and is checked", () => {
    const applied = { added: ["a"], changed: [], removed: [], unchanged: ["b"] }
    const read = Effect.runSync(readReply(replyLine(4, { reply: applied })))
    expect(read.id).toBe(4)
    expect(Effect.runSync(Effect.flatMap(read.answer, (reply) => checkReply("Reload", reply)))).toEqual(applied)
    expect(Effect.runSync(Effect.flip(checkReply("Reload", { added: 1 }))).exit).toBe("failure")
  })

  it("may be a failure, with its exit code and its cause", () => {
    const failure = connectionFailure(new ConnectionError({ reason: new HandshakeRejected({ status: 403 }) }))
    const found = roundTrip(replyLine(4, { failure }))
    expect(found).toBeInstanceOf(CliFailure)
    expect(found).toMatchObject({ exit: "refused", exitCode: 10, message: failure.message, advice: failure.advice })
    expect(found.cause).toBeInstanceOf(ConnectionError)
    expect(found.cause?.reason).toMatchObject({ _tag: "HandshakeRejected", status: 403 })
  })

  it("of somebody else is told from one of ours", () => {
    expect(Effect.runSync(Effect.flip(readReply("220 smtp.example ESMTP"))).message).toContain("no daemon of holdfast")
    const other = roundTrip(JSON.stringify({ holdfast: 2, id: 1, reply: {} }))
    expect(other.message).toContain("The daemon speaks version 2")
    const unknown = roundTrip(JSON.stringify({ holdfast: 1, id: 1, failure: { exit: "new in 3.0" } }))
    expect(unknown.message).toContain("cannot be read")
  })
})
