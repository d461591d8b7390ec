// Phoenix channels, vsn 2.0.0, as far as a client can tell. The rules and where they are from:
// - a message is `[join_ref, ref, topic, event, payload]`, a reply `phx_reply` with `{ status, response }`; a broadcast has
//   neither ref (Phoenix.Socket.V2.JSONSerializer);
// - heartbeats, joins, "unmatched topic", a second join that replaces the first, a leave with the join_ref of an earlier
//   join, `phx_error` and `phx_close` with the join_ref as both refs (Phoenix.Socket, `handle_in` and `encode_…`);
// - the socket is closed when the client has sent nothing for a minute (Phoenix.Endpoint, `:timeout` of the websocket);
// - HTTP 403 where `connect` says no.
import { Effect } from "effect"
import type { IncomingMessage } from "node:http"
import type { WebSocket } from "ws"
import { listen, textOf } from "./listen.ts"

type Message = readonly [joinRef: string | null, ref: string | null, topic: string, event: string, payload: unknown]

export const phoenixServer = ({ timeout = 60_000 }: { readonly timeout?: number | undefined } = {}) =>
  Effect.gen(function*() {
    const joins: Array<string> = []
    const orders: Array<string> = []
    const counts = new Map<string, number>()
    const sockets = new Map<WebSocket, Map<string, string>>()
    const say = (socket: WebSocket, ...message: Message) => socket.send(JSON.stringify(message))

    const handle = (
      socket: WebSocket,
      channels: Map<string, string>,
      [joinRef, ref, topic, event, payload]: Message
    ) => {
      counts.set(event, (counts.get(event) ?? 0) + 1)
      const joined = channels.get(topic)
      const reply = (of: string | null, status: "ok" | "error", response: unknown) =>
        say(socket, of, ref, topic, "phx_reply", { status, response })
      if (topic === "phoenix") return reply(null, "ok", {})
      if (event === "phx_join") {
        if (!topic.startsWith("prices:")) return reply(null, "error", { reason: "unmatched topic" })
        if (joined !== undefined) say(socket, joined, joined, topic, "phx_close", {})
        channels.delete(topic)
        if (topic === "prices:coal") return reply(ref, "error", { reason: "unauthorized" })
        channels.set(topic, String(ref))
        joins.push(`${topic} ${ref}`)
        return reply(ref, "ok", { price: 100 })
      }
      if (joined === undefined) {
        return event === "phx_leave" ? reply(joinRef, "ok", {}) : reply(null, "error", { reason: "unmatched topic" })
      }
      // What a channel is sent is not looked at for its join_ref, but for this.
      if (event === "phx_leave" && joinRef !== joined) return
      const end = (how: "phx_close" | "phx_error") => {
        channels.delete(topic)
        say(socket, joined, joined, topic, how, {})
      }
      switch (event) {
        case "phx_leave":
          reply(joined, "ok", {})
          return end("phx_close")
        case "crash":
          return end("phx_error")
        case "stop":
          return end("phx_close")
        case "silence":
          return
        case "order":
          orders.push(`${topic} ${joinRef}`)
          return reply(joined, "ok", payload)
        default:
          return reply(joined, "error", { reason: "unknown event" })
      }
    }

    const server = yield* listen({
      verifyClient: ({ req }: { readonly req: IncomingMessage }, answer) => {
        const { pathname, searchParams } = new URL(req.url ?? "/", "http://localhost")
        if (pathname !== "/socket/websocket") return answer(false, 404)
        if (searchParams.get("vsn") !== "2.0.0" || searchParams.get("token") !== "of-today") return answer(false, 403)
        answer(true)
      },
      onConnection: (socket) => {
        const channels = new Map<string, string>()
        sockets.set(socket, channels)
        const idle = setTimeout(() => socket.close(1000), timeout)
        socket.on("message", (data) => {
          idle.refresh()
          handle(socket, channels, JSON.parse(textOf(data)))
        })
        socket.on("close", () => {
          clearTimeout(idle)
          sockets.delete(socket)
        })
      }
    })

    return {
      ...server,
      url: `${server.url}/socket/websocket`,
      broadcast: (topic: string, event: string, payload: unknown) =>
        Effect.sync(() => {
          for (const [socket, channels] of sockets) {
            if (channels.has(topic)) say(socket, null, null, topic, event, payload)
          }
        }),
      /** The joins so far: the topic and its join_ref. */
      joins: Effect.sync((): ReadonlyArray<string> => [...joins]),
      /** The same of the orders. */
      orders: Effect.sync((): ReadonlyArray<string> => [...orders]),
      /** How many messages with that event have come in. */
      count: (event: string) => Effect.sync(() => counts.get(event) ?? 0)
    }
  })
