// What Slack's Socket Mode promises, on a small scale (https://docs.slack.dev/apis/events-api/using-socket-mode):
//
// - `apps.connections.open` gives a URL with a ticket that is good once, and not for long;
// - the first message is `hello`; then come envelopes, each to be acknowledged by its id on the same connection; one that
//   was not is delivered again, on whichever connection is there;
// - some time before a connection is closed, `disconnect` says so with the reason `warning`;
// - TCP is not closed after the closing handshake: that is left to the client.
import { Effect, Schedule } from "effect"
import { randomUUID } from "node:crypto"
import type { Socket } from "node:net"
import type { WebSocket } from "ws"
import { listen, textOf } from "./listen.ts"

export const appToken = "xapp-example"

/** How many events there are: a warning comes with the third, and the line is cut behind the fifth. */
export const events = 6

export const slackServer = Effect.gen(function*() {
  const tickets = new Set<string>()
  const sockets = new Set<Socket>()
  const report = { tickets: 0, refused: 0 }
  let connections = 0
  let delivered = 0
  /** As if its acknowledgement had been lost on the way. */
  let again: number | undefined

  const deliver = (socket: WebSocket, number: number, retry_attempt: number) =>
    socket.send(JSON.stringify({
      type: "events_api",
      envelope_id: randomUUID(),
      retry_attempt,
      payload: { event_id: `Ev${number}`, event: { type: "message", text: `message ${number}` } }
    }))

  const next = (socket: WebSocket) => {
    if (again !== undefined) {
      deliver(socket, again, 1)
      again = undefined
      return
    }
    if (delivered === events) return
    deliver(socket, ++delivered, 0)
    if (delivered === 3 && connections === 1) {
      again = delivered
      socket.send(JSON.stringify({ type: "disconnect", reason: "warning" }))
    }
  }

  const { url } = yield* listen({
    verifyClient: ({ req }, answer) => {
      const ticket = new URL(req.url ?? "/", "ws://slack").searchParams.get("ticket") ?? ""
      if (tickets.delete(ticket)) return answer(true)
      report.refused++
      answer(false, 408)
    },
    onConnection: (socket, _path, request) => {
      const tcp = request.socket
      // `ws` would close it in good manners.
      tcp.end = () => tcp
      sockets.add(tcp)
      for (const freed of ["end", "close"]) tcp.once(freed, () => sockets.delete(tcp))
      const number = ++connections
      socket.send(JSON.stringify({ type: "hello", num_connections: 1 }))
      next(socket)
      socket.on("message", (data) => {
        const { envelope_id }: { readonly envelope_id?: string } = JSON.parse(textOf(data))
        if (envelope_id === undefined || socket.readyState !== socket.OPEN) return
        // Nothing new comes on a connection that is about to be closed, and one crashes.
        if (number === 1 && delivered === 3) return
        if (number === 2 && delivered === 5) return socket.terminate()
        next(socket)
      })
    },
    onRequest: (request, response) => {
      const ok = request.method === "POST" && request.headers.authorization === `Bearer ${appToken}`
      response.setHeader("content-type", "application/json")
      if (!ok) {
        response.end(JSON.stringify({ ok: false, error: "invalid_auth" }))
        return
      }
      const ticket = randomUUID()
      report.tickets++
      tickets.add(ticket)
      response.end(JSON.stringify({ ok: true, url: `ws://${request.headers.host}/link?ticket=${ticket}` }))
    }
  })
  return {
    /** Of the web API. */
    api: `${url.replace("ws:", "http:")}/api/apps.connections.open`,
    /** How many tickets it gave out, and how many handshakes came without a good one. */
    report: Effect.sync(() => ({ ...report })),
    /** Waits until the client has freed every socket. */
    freed: Effect.repeat(Effect.sync(() => sockets.size), {
      until: (open) => open === 0,
      schedule: Schedule.spaced("10 millis")
    })
  }
})
