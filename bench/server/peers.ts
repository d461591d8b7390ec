// What the server does with a connection, by the path of its url.
import type { Socket } from "node:net"
import { end, type FeedName, feeds, numberOf, received, text } from "../messages.ts"
import { closeFrame, frame, FrameReader, opcode, unmasked } from "./frames.ts"

/** Is given the open socket, and returns what takes its chunks. */
export type Peer = (socket: Socket, query: URLSearchParams) => ((chunk: Buffer) => void) | undefined

/** Written at once, so that the server is never what is measured. */
const blockSize = 256 * 1024

const makeBlock = (name: FeedName): { readonly bytes: Buffer; readonly messages: number } => {
  const { at, period } = feeds[name]
  const code = name === "binary" ? opcode.binary : opcode.text
  const once = Buffer.concat(Array.from({ length: period }, (_, index) => frame(code, at(index))))
  const times = Math.ceil(blockSize / once.length)
  return { bytes: Buffer.concat(Array.from({ length: times }, () => once)), messages: times * period }
}

const blocks = new Map<FeedName, ReturnType<typeof makeBlock>>()

const blockOf = (name: FeedName): ReturnType<typeof makeBlock> => {
  const known = blocks.get(name)
  if (known !== undefined) return known
  const block = makeBlock(name)
  blocks.set(name, block)
  return block
}

/** Sends at least `count` messages of a feed as fast as they are taken, once the client has said a word. */
const flood: Peer = (socket, query) => {
  const block = blockOf(query.get("feed") as FeedName)
  const count = Number(query.get("count"))
  let left = Math.ceil(count / block.messages)
  const pump = (): void => {
    while (left > 0) {
      left--
      if (!socket.write(block.bytes)) {
        socket.once("drain", pump)
        return
      }
    }
    if (left === 0) socket.write(frame(opcode.text, end))
    left = -1
  }
  let begun = false
  return () => {
    if (!begun) pump()
    begun = true
  }
}

/** Counts the text feed, checks the number of every 64th message, and says when all are there. */
const sink: Peer = (socket, query) => {
  const count = Number(query.get("count"))
  let seen = 0
  let wrong: string | undefined
  const reader = new FrameReader((code, chunk, start, length) => {
    if (code !== opcode.text) return
    if ((seen & 63) === 0) {
      const message = unmasked(chunk, start, length).toString()
      if (numberOf(message) !== seen % text.period) wrong ??= `message ${seen} was ${message}`
    }
    seen++
    if (seen === count) socket.write(frame(opcode.text, wrong ?? received))
  })
  return (chunk) => reader.read(chunk)
}

/** Answers every message with itself; what came in one chunk goes back in one. */
const echo: Peer = (socket) => {
  let answers: Array<Buffer> = []
  const reader = new FrameReader((code, chunk, start, length) => {
    if (code === opcode.text) answers.push(frame(code, unmasked(chunk, start, length)))
  })
  return (chunk) => {
    reader.read(chunk)
    if (answers.length > 0) socket.write(answers.length === 1 ? answers[0]! : Buffer.concat(answers))
    answers = []
  }
}

/** Beats of all idle connections so far. */
export const beats = { count: 0 }

/** Answers pings with pongs, and texts with themselves for those who cannot ping. */
const idle: Peer = (socket) => {
  const reader = new FrameReader((code, chunk, start, length) => {
    if (code !== opcode.ping && code !== opcode.text) return
    beats.count++
    const answer = code === opcode.ping ? opcode.pong : opcode.text
    socket.write(frame(answer, unmasked(chunk, start, length)))
  })
  return (chunk) => reader.read(chunk)
}

/** Reads nothing any more. */
const stalled: Peer = (socket) => {
  socket.pause()
  return undefined
}

const endings = [
  (socket: Socket) => socket.end(closeFrame(1000)),
  (socket: Socket) => socket.end(closeFrame(1001)),
  (socket: Socket) => socket.destroy()
]

/** How many sessions are yet to be lost, and the one that is kept meanwhile. */
export const losses: { left: number; kept: Socket | undefined } = { left: 0, kept: undefined }

/** Ends every session right after its first message, each in another way, until enough are lost. */
const lossy: Peer = (socket) => {
  socket.write(frame(opcode.text, "hello"))
  if (losses.left > 0) lose(socket)
  else losses.kept = socket
  return () => {}
}

export const lose = (socket: Socket): void => {
  losses.left--
  endings[losses.left % endings.length]!(socket)
}

/** When the server was listening, in nanoseconds of the machine's own clock. */
export const listening = { at: 0n }

/** Says at once when the server was listening. */
const greeter: Peer = (socket) => {
  socket.write(frame(opcode.text, String(listening.at)))
  return () => {}
}

export const peers: Readonly<Record<string, Peer>> = {
  "/flood": flood,
  "/sink": sink,
  "/echo": echo,
  "/idle": idle,
  "/stalled": stalled,
  "/lossy": lossy,
  "/greeter": greeter
}
