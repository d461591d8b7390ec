/**
 * A WebSocket server that does, when told, what servers, proxies and networks do
 * to clients. It speaks raw TCP, since no WebSocket library would agree to most
 * of this.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { type AddressInfo, createServer, type Socket } from "node:net"
import * as Address from "../address.ts"
import { answer, type Asked, isUpgrade, readAsked } from "./answers.ts"
import { ChaosSession, type Manners } from "./chaosSession.ts"
import type { Fault, SessionFault } from "./Fault.ts"
import { type Fate, FaultList } from "./faultList.ts"

export interface MisbehavingServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined
  /** Default 0, a free one. */
  readonly port?: number | undefined
  readonly manners?: Manners | undefined
  /** Told what happens, for a log. */
  readonly tell?: ((what: Happening) => void) | undefined
  /** Makes what takes connections whose requests are for no WebSocket; the bytes were read from them already. */
  readonly serveHttp?:
    | ((server: MisbehavingServer) => Effect.Effect<(socket: Socket, bytes: Buffer) => void, never, Scope.Scope>)
    | undefined
}

/** Something happened to a connection. They are counted from 1 as they come, sessions as they open. */
export interface Happening {
  readonly event: "connected" | "answered" | "opened" | "fault" | "close-frame" | "disconnected" | "listening"
  readonly connection?: number
  readonly session?: number
  readonly message: string
}

export interface MisbehavingServer {
  readonly url: string
  readonly port: number
  /** Adds to what befalls the next dials. */
  readonly misbehave: (faults: ReadonlyArray<Fault>) => Effect.Effect<void>
  /** Puts these in place of all that were there. */
  readonly replaceFaults: (faults: ReadonlyArray<Fault>) => Effect.Effect<void>
  /** What is still to come. */
  readonly faults: Effect.Effect<ReadonlyArray<Fault>>
  /** Befalls open sessions now, all or one; tells their ids, counted from 1 as they opened. */
  readonly befall: (fault: SessionFault, session?: number) => Effect.Effect<ReadonlyArray<number>>
  /** Sends texts to every open session, all at once; tells their ids. */
  readonly send: (messages: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<number>>
  /** Resets what is open, and refuses connections for so long. */
  readonly refuseTcp: (duration: Duration.Duration) => Effect.Effect<void>
  /** Of each open session. */
  readonly reports: Effect.Effect<ReadonlyArray<ChaosSession["report"]>>
  /** When each dial came, in the clock's milliseconds. */
  readonly dials: Effect.Effect<ReadonlyArray<number>>
  /** How many sessions were opened so far. */
  readonly sessions: Effect.Effect<number>
  /** The code of the last Close frame that a client sent. */
  readonly lastClose: Effect.Effect<number | undefined>
  /** How many TCP connections are open. */
  readonly connections: Effect.Effect<number>
}

/** Stopped, with all its connections, when the scope closes. Fails with Node's error where the port cannot be had. */
export const make = (
  options: MisbehavingServerOptions = {}
): Effect.Effect<MisbehavingServer, NodeJS.ErrnoException, Scope.Scope> =>
  Effect.gen(function*() {
    const { host = "127.0.0.1", manners = { echo: false, feed: undefined }, tell = () => {} } = options
    const random = yield* Random.Random
    const clock = yield* Clock.clockWith(Effect.succeed)
    const fork = yield* FiberSet.makeRuntime()
    const list = new FaultList(() => random.nextDoubleUnsafe())
    const sockets = new Set<Socket>()
    const open = new Map<Socket, ChaosSession>()
    const dials: Array<number> = []
    let connections = 0
    let sessions = 0
    let lastClose: number | undefined
    // Made last, since it takes the server itself.
    const made: { http?: (socket: Socket, bytes: Buffer) => void } = {}

    const onConnection = (socket: Socket) => {
      const connection = ++connections
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on("error", () => undefined)
      socket.on("close", () => {
        sockets.delete(socket)
        const session = open.get(socket)?.id
        if (session === undefined) return
        open.delete(socket)
        tell({ event: "disconnected", connection, session, message: "TCP is closed" })
      })
      let bytes: Buffer = Buffer.alloc(0)
      const onEnd = () => void socket.end()
      const onData = (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk])
        const end = bytes.indexOf("\r\n\r\n")
        if (end === -1) return
        socket.off("data", onData)
        socket.off("end", onEnd)
        const asked = readAsked(bytes.toString("latin1", 0, end))
        if (!isUpgrade(asked) && made.http !== undefined) return made.http(socket, bytes)
        socket.on("end", onEnd)
        dials.push(clock.currentTimeMillisUnsafe())
        onDial({ asked, connection, fate: list.next(), onEnd, rest: bytes.subarray(end + 4), socket })
      }
      socket.on("data", onData)
      socket.on("end", onEnd)
    }

    /** Runs it for as long as the socket lives. */
    const during = (socket: Socket) => (effect: Effect.Effect<void>) => {
      const gone = Effect.callback<void>((resume) => {
        if (socket.destroyed) return resume(Effect.void)
        const onClose = () => resume(Effect.void)
        socket.once("close", onClose)
        return Effect.sync(() => void socket.off("close", onClose))
      })
      fork(Effect.raceFirst(effect, gone))
    }

    interface Dial {
      readonly asked: Asked
      readonly connection: number
      readonly fate: Fate
      readonly onEnd: () => void
      /** What came behind the request. */
      readonly rest: Buffer
      readonly socket: Socket
    }

    const onDial = (dial: Dial) => {
      const { asked, connection, fate, socket } = dial
      const faults = fate.answer.map(({ fault }) => fault)
      const [path = ""] = asked.target.split("?")
      tell({
        event: "connected",
        connection,
        message: `asks for ${path}${faults.length === 0 ? "" : `; gets ${faults.join(", ")}`}`
      })
      // What nobody reads would hide the client's end.
      socket.resume()
      const closed = fate.answer.find((fault) => fault.fault === "refuse-tcp")
      if (closed !== undefined) return void fork(refuseTcp(closed.for ?? Duration.seconds(5)))
      if (faults.includes("hang-up")) return void socket.end()
      const stall = fate.answer.find((fault) => fault.fault === "stall")
      if (stall === undefined) return reply(dial)
      if (stall.for === undefined) return
      during(socket)(Effect.andThen(Effect.sleep(stall.for), Effect.sync(() => reply(dial))))
    }

    const reply = (dial: Dial) => {
      const { asked, connection, fate, socket } = dial
      if (socket.destroyed) return
      const { bytes, next } = answer(asked, fate.answer)
      const then = () => {
        if (next === "session") serve(dial)
        if (next === "end") socket.end()
      }
      const trickle = fate.answer.find((fault) => fault.fault === "trickle")
      if (next !== "session") {
        tell({ event: "answered", connection, message: bytes.toString("latin1", 0, bytes.indexOf("\r\n")) })
      }
      if (trickle === undefined) {
        socket.write(bytes)
        return then()
      }
      const one = (at: number) => Effect.sync(() => void socket.write(bytes.subarray(at, at + 1)))
      during(socket)(Effect.andThen(
        Effect.forEach(bytes.keys(), (at) => Effect.delay(one(at), trickle.every ?? Duration.millis(50)), {
          discard: true
        }),
        Effect.sync(then)
      ))
    }

    const serve = ({ connection, fate, onEnd, rest, socket }: Dial) => {
      const id = ++sessions
      const session = new ChaosSession({
        id,
        socket,
        manners,
        run: during(socket),
        now: () => clock.currentTimeMillisUnsafe(),
        tell: (message) => tell({ event: "fault", connection, session: id, message }),
        onClose: ({ code, reason }) => {
          lastClose = code
          const because = reason === "" ? "" : ` ${JSON.stringify(reason)}`
          tell({ event: "close-frame", connection, session: id, message: `the client closes with ${code}${because}` })
        }
      })
      open.set(socket, session)
      tell({ event: "opened", connection, session: id, message: `session ${id} is open` })
      socket.off("end", onEnd)
      socket.on("end", () => session.onEnd())
      socket.on("data", (chunk) => session.read(chunk))
      session.serve(fate.session)
      if (rest.length > 0) session.read(rest)
    }

    const server = createServer({ allowHalfOpen: true }, onConnection)
    const listen = (port: number) =>
      Effect.callback<void, NodeJS.ErrnoException>((resume) => {
        const onError = (error: NodeJS.ErrnoException) => resume(Effect.fail(error))
        server.once("error", onError)
        server.listen(port, host, () => {
          server.off("error", onError)
          resume(Effect.void)
        })
      })
    const stopListening = Effect.suspend(() => server.listening ? Effect.sync(() => void server.close()) : Effect.void)
    yield* Effect.acquireRelease(listen(options.port ?? 0), () =>
      Effect.callback<void>((resume) => {
        if (server.listening) server.close(() => resume(Effect.void))
        for (const socket of sockets) {
          const session = open.get(socket)
          if (session === undefined) socket.destroy()
          else session.leave()
        }
        if (!server.listening) resume(Effect.void)
      }))
    const { port } = server.address() as AddressInfo

    const refuseTcp = (duration: Duration.Duration): Effect.Effect<void> =>
      Effect.gen(function*() {
        yield* stopListening
        for (const socket of sockets) socket.resetAndDestroy()
        const time = Duration.format(duration)
        tell({ event: "listening", message: `the port is closed for ${time}` })
        yield* Effect.sleep(duration)
        yield* Effect.ignore(listen(port))
        tell({ event: "listening", message: "the port is open again" })
      })

    /** Does it to every open session, or to one, and tells which they were. */
    const each = (act: (session: ChaosSession) => void, id?: number) =>
      Effect.sync(() => {
        const now = [...open.values()].filter((session) => session.isServing && (id === undefined || session.id === id))
        for (const session of now) act(session)
        return now.map(({ id }) => id)
      })

    const self: MisbehavingServer = {
      url: `${Address.url("ws", { host, port })}/`,
      port,
      misbehave: (faults) => Effect.sync(() => list.add(faults)),
      replaceFaults: (faults) => Effect.sync(() => list.replace(faults)),
      faults: Effect.sync(() => list.left),
      befall: (fault, id) => each((session) => session.misbehave(fault), id),
      send: (messages) => each((session) => session.send(messages)),
      refuseTcp: (duration) => Effect.sync(() => void fork(refuseTcp(duration))),
      reports: Effect.sync(() => Array.from(open.values(), ({ report }) => report)),
      dials: Effect.sync(() => [...dials]),
      sessions: Effect.sync(() => sessions),
      lastClose: Effect.sync(() => lastClose),
      connections: Effect.sync(() => sockets.size)
    }
    if (options.serveHttp !== undefined) made.http = yield* options.serveHttp(self)
    return self
  })
