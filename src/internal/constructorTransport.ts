/**
 * A transport over the `WebSocket` that browsers, Deno, Bun and Node share, and
 * over anything of that shape.
 *
 * That interface hides most of what happens, and cannot free a descriptor: a
 * socket that we let go of is closed, and finishes by itself.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Socket from "effect/socket/Socket"
import { AbnormalClosure, ConnectFailed, ConnectionError, InvalidRequest, type Reason } from "../ConnectionError.ts"
import type { HandshakeRequest, Verify } from "../Handshake.ts"
import type { Link } from "../Link.ts"
import type { Capabilities, Transport } from "../Transport.ts"
import { type Driver, LinkState } from "./linkState.ts"
import { messageSize } from "./messageSize.ts"
import { Waiters, waitFor } from "./wait.ts"
import { messagesInOrder } from "./webSocketData.ts"
import { type Closed, closedBy, failedWith, reasonOf, textOf } from "./webSocketEnd.ts"

const capabilities: Capabilities = {
  ping: false,
  pause: false,
  headers: false,
  response: false,
  closeCodes: "1000,3000-4999"
}

/** What there is beyond `WebSocketLike`, if not on every platform. */
type WebSocketInstance = Socket.WebSocketLike & {
  binaryType?: string
  readonly protocol?: string
  readonly bufferedAmount?: number
  readonly terminate?: () => void
}

const OPEN = 1

/** There is no event for a drained buffer, so that who waits for one looks this often, in milliseconds. */
const drainInterval = 20

export const make = (
  construct: Socket.WebSocketConstructor["Service"]
): Transport["Service"] => ({
  capabilities,
  extensions: [],
  dial: (request, verify, progress) =>
    Effect.suspend(() => {
      const names = Object.keys(request.headers)
      if (names.length > 0) {
        return fail(
          request,
          new InvalidRequest({
            option: "headers",
            problem: `a browser's WebSocket cannot send headers (${names.join(", ")}): ` +
              "put what they say into the url, a subprotocol or the first message"
          })
        )
      }
      progress?.("response")
      return dial(construct, request, verify)
    })
})

const fail = (request: HandshakeRequest, reason: Reason): Effect.Effect<never, ConnectionError> =>
  Effect.fail(new ConnectionError({ reason, attempt: request.attempt, endpoint: request.endpoint }))

const dial = (
  construct: Socket.WebSocketConstructor["Service"],
  request: HandshakeRequest,
  verify: Verify
): Effect.Effect<Link, ConnectionError, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const clock = yield* Clock.clockWith(Effect.succeed)
      const context = yield* Effect.context<never>()
      const made = yield* Effect.result(Effect.try({
        try: () => construct(request.url, request.subprotocols.length === 0 ? undefined : [...request.subprotocols]),
        // Its message may hold the whole URL.
        catch: (cause) => cause instanceof Error ? cause.name : "an error"
      }))
      if (made._tag === "Failure") {
        return yield* fail(
          request,
          new InvalidRequest({
            option: "url or subprotocols",
            problem: `the WebSocket constructor refused them with ${made.failure}`
          })
        )
      }
      const socket = attach(made.success, request, verify, { clock, runFork: Effect.runForkWith(context) })
      yield* Effect.addFinalizer(() => Effect.sync(socket.letGo))
      return yield* restore(socket.opened).pipe(Effect.onError(() => Effect.sync(socket.letGo)))
    })
  )

interface Runtime {
  readonly clock: Clock.Clock
  readonly runFork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
}

const attach = (ws: WebSocketInstance, request: HandshakeRequest, verify: Verify, runtime: Runtime) => {
  const settled = new Waiters()
  let link: LinkState | undefined
  let error: string | undefined
  let refused: Reason | undefined
  let closed: Closed | undefined
  let released = false

  const onOpen = (): void => {
    const subprotocol = ws.protocol === undefined || ws.protocol === "" ? undefined : ws.protocol
    const failure = verify(answerOf(request, subprotocol)).failure
    if (Option.isSome(failure)) {
      refused = failure.value
    } else {
      link = new LinkState({
        endpoint: request.endpoint,
        attempt: request.attempt,
        subprotocol,
        response: undefined,
        clock: runtime.clock,
        driver,
        closeCodes: capabilities.closeCodes
      })
    }
    settled.wakeAll()
  }

  const inbound = messagesInOrder({
    onMessage: (message) => {
      link?.push(message, messageSize(message))
      link?.touch()
    },
    onUnreadable: () => link?.terminateNow(new AbnormalClosure({ cause: { message: "a message could not be read" } })),
    onEnd: () => {
      released = true
      link?.end(reasonOf(closed!, error))
      link?.release()
      settled.wakeAll()
    }
  })

  const onMessage = (event: Socket.WebSocketEvent): void => inbound.push(event.data)
  const onError = (event: Socket.WebSocketEvent): void => {
    error ??= textOf(event)
    // Its close event follows in the same turn, and has more to say.
    if (link === undefined) settled.wakeAll()
  }
  const onClose = (event: Socket.WebSocketEvent): void => {
    closed = closedBy(event)
    inbound.end()
  }

  const close = (code?: number, reason?: string): void => {
    try {
      ws.close(code, reason)
    } catch {
      // A socket that refuses to be closed is closed.
    }
  }

  /** Nothing is delivered from now on; the listeners that stay only wait for the end. */
  const letGo = (): void => {
    ws.removeEventListener("message", onMessage)
    ws.removeEventListener("open", onOpen)
    link?.terminateNow(new AbnormalClosure({ cause: { message: "terminated by us" } }))
    if (link === undefined) free()
  }

  const free = (): void => {
    if (released) return
    // `ws` has this for what `close` takes up to 30 seconds to do, but not before the socket is open.
    if (ws.readyState >= OPEN && typeof ws.terminate === "function") ws.terminate()
    else close()
  }

  /** Bytes that the socket took. */
  let taken = 0

  /** Nobody tells when something has left. */
  const lookUntil = (isServed: () => boolean, done: () => void): () => void => {
    const look: Effect.Effect<void> = Effect.suspend(() =>
      released || isServed() ? Effect.sync(done) : Effect.flatMap(Effect.sleep(drainInterval), () => look)
    )
    const fiber = runtime.runFork(look)
    return () => fiber.interruptUnsafe()
  }

  const driver: Driver = {
    send: (message) => {
      // Otherwise the message would be dropped in silence.
      if (ws.readyState !== OPEN) return false
      try {
        ws.send(message as string | Uint8Array<ArrayBuffer>)
        taken += messageSize(message)
        return true
      } catch {
        return false
      }
    },
    buffered: () => ws.bufferedAmount ?? 0,
    whenBelow: (mark, done) => lookUntil(() => driver.buffered() <= mark, done),
    whenFlushed: (done) => {
      const upTo = taken
      return lookUntil(() => taken - driver.buffered() >= upTo, done)
    },
    ping: undefined,
    close,
    terminate: free,
    pause: undefined,
    resume: undefined
  }

  if ("binaryType" in ws) ws.binaryType = "arraybuffer"
  ws.addEventListener("open", onOpen)
  ws.addEventListener("message", onMessage)
  // Both stay until the end: aborting a `ws` that is CONNECTING raises an error, which nobody may leave unheard.
  ws.addEventListener("error", onError)
  ws.addEventListener("close", onClose)
  if (ws.readyState === OPEN) onOpen()
  else if (ws.readyState > OPEN) onClose({})

  const outcome: Effect.Effect<Link, ConnectionError> = Effect.suspend(() => {
    if (link !== undefined) return Effect.succeed(link)
    if (refused !== undefined) return fail(request, refused)
    return fail(request, new ConnectFailed({ phase: "response", code: "UNKNOWN", detail: failedWith(error, closed) }))
  })

  const opened = Effect.suspend(() =>
    link !== undefined || refused !== undefined || released ? outcome : waitFor((wake) => settled.add(wake), outcome)
  )
  return { opened, letGo }
}

/**
 * All that is known of the answer is the subprotocol; the platform has made the
 * other checks, so they are given what passes them.
 */
const answerOf = (request: HandshakeRequest, subprotocol: string | undefined): Parameters<Verify>[0] => ({
  request,
  expectedAccept: "checked by the platform",
  status: 101,
  headers: {
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-accept": "checked by the platform",
    ...(subprotocol === undefined ? {} : { "sec-websocket-protocol": subprotocol })
  }
})
