// What Discord's gateway promises, on a small scale (https://docs.discord.com/developers/events/gateway, and its table of
// opcodes and close codes):
//
// - hello (10) comes first and says how often to beat (1); each beat is acknowledged (11);
// - identify (2) makes a session: READY tells its id and another URL, at which alone it can be resumed (6); a resume is
//   answered with what was missed, then RESUMED, or with "invalid session" (9);
// - who closes with 1000 or 1001 ends his session, any other code keeps it;
// - both URLs want the version and the encoding; nothing may come before identify (4003), no second identify (4005), no
//   wrong token (4004), no sequence number that never was (4007), no more than `limit` messages in a `minute`, beats
//   included (4008), and no message above 4 096 bytes (4002).
import { Effect, Queue, Schedule } from "effect"
import { randomUUID } from "node:crypto"
import type { WebSocket } from "ws"
import { listen, textOf } from "./listen.ts"

export const botToken = "example-token-of-a-bot"

/** What a client may send; `d` is as its `op` says. */
interface Payload {
  readonly op: number
  readonly d: { readonly token: string; readonly session_id: string; readonly seq: number }
}

interface Session {
  readonly id: string
  readonly events: Array<{ readonly op: 0; readonly s: number; readonly t: string; readonly d: unknown }>
  socket: WebSocket | undefined
}

export const discordServer = (options: {
  /** Milliseconds. */
  readonly heartbeatInterval: number
  readonly limit: number
  /** Milliseconds. */
  readonly minute: number
}) =>
  Effect.gen(function*() {
    const sessions = new Map<string, Session>()
    const happened = yield* Queue.unbounded<string>()
    const closes: Array<number> = []
    const counts = { beats: 0, presences: 0, busiest: 0 }
    let latest: Session | undefined
    let isDeaf = false
    let resumeUrl = ""
    let open = 0

    const send = (socket: WebSocket | undefined, payload: object) => socket?.send(JSON.stringify(payload))
    const tell = (line: string) => void Queue.offerUnsafe(happened, line)

    const dispatch = (session: Session, t: string, d: unknown) => {
      const event = { op: 0, s: session.events.length + 1, t, d } as const
      session.events.push(event)
      // Nothing reaches a client whose connection is a zombie; its session goes on.
      if (!isDeaf) send(session.socket, event)
    }

    const onConnection = (at: "gateway" | "resume") => (socket: WebSocket, path: string) => {
      let session: Session | undefined
      open++
      const invalid = () => send(socket, { op: 9, d: false })
      const times: Array<number> = []

      const identify = ({ d }: Payload) => {
        if (session !== undefined) return socket.close(4005, "Already authenticated")
        if (d.token !== botToken) return socket.close(4004, "Authentication failed")
        if (at === "resume") return invalid()
        session = latest = { id: randomUUID(), events: [], socket }
        sessions.set(session.id, session)
        tell("identify")
        dispatch(session, "READY", { v: 10, session_id: session.id, resume_gateway_url: resumeUrl })
      }

      const resume = ({ d }: Payload) => {
        if (d.token !== botToken) return socket.close(4004, "Authentication failed")
        const known = sessions.get(d.session_id)
        if (known === undefined || at === "gateway") return invalid()
        if (d.seq > known.events.length) return socket.close(4007, "Invalid seq")
        session = latest = known
        known.socket = socket
        isDeaf = false
        const missed = known.events.slice(d.seq)
        tell(`resume at the other URL, ${missed.length} missed`)
        for (const event of missed) send(socket, event)
        send(socket, { op: 0, s: known.events.length, t: "RESUMED", d: {} })
      }

      socket.on("message", (data) => {
        const text = textOf(data)
        if (text.length > 4096) return socket.close(4002, "Decode error")
        const now = performance.now()
        times.push(now)
        while (now - times[0]! >= options.minute) times.shift()
        counts.busiest = Math.max(counts.busiest, times.length)
        if (times.length > options.limit) return socket.close(4008, "Rate limited")

        const payload = JSON.parse(text) as Payload
        if (payload.op === 1) {
          counts.beats++
          if (!isDeaf) send(socket, { op: 11 })
        } else if (payload.op === 2) identify(payload)
        else if (payload.op === 6) resume(payload)
        else if (session === undefined) socket.close(4003, "Not authenticated")
        else if (payload.op === 3) counts.presences++
        else socket.close(4001, "Unknown opcode")
      })
      socket.on("close", (code) => {
        open--
        closes.push(code)
        if (session === undefined) return
        if (session.socket === socket) session.socket = undefined
        if (code === 1000 || code === 1001) sessions.delete(session.id)
      })

      const { searchParams } = new URL(path, "ws://discord")
      if (searchParams.get("v") !== "10") return socket.close(4012, "Invalid API version")
      if (searchParams.get("encoding") !== "json") return socket.close(4002, "Decode error")
      send(socket, { op: 10, d: { heartbeat_interval: options.heartbeatInterval } })
    }

    const gateway = yield* listen({ onConnection: onConnection("gateway") })
    resumeUrl = (yield* listen({ onConnection: onConnection("resume") })).url

    return {
      url: gateway.url,
      /** The next that identifies or resumes. */
      next: Queue.take(happened),
      /** An event for the client, whether or not it is there. */
      say: (content: string) => Effect.sync(() => latest && dispatch(latest, "MESSAGE_CREATE", { content })),
      /** From now on this connection is a zombie: nothing is acknowledged, and nothing comes. */
      goDeaf: Effect.sync(() => {
        isDeaf = true
        return undefined
      }),
      /** Asks for something: a heartbeat (1), another connection (7), another session (9). */
      ask: (op: 1 | 7 | 9, d: unknown) => Effect.sync(() => send(latest?.socket, { op, d })),
      close: (code: number) => Effect.sync(() => latest?.socket?.close(code)),
      /** The codes with which connections were closed, and what came in; waits until none is left. */
      report: Effect.map(
        Effect.repeat(Effect.sync(() => open), { until: (n) => n === 0, schedule: Schedule.spaced("10 millis") }),
        () => ({ ...counts, closes: [...closes] })
      )
    }
  })

export type DiscordServer = Effect.Success<ReturnType<typeof discordServer>>
