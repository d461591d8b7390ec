// What Binance's market streams promise, in little time
// (https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams):
//
// - the server pings (there: every 20 seconds) and wants a pong with a copy of the payload, or it hangs up;
// - a connection is good for a time (there: 24 hours), then it is cut;
// - more than 5 messages a second from a client, pongs counted, and it is disconnected;
// - after `SUBSCRIBE` a message `{ result: null, id }` confirms; trades come as `{ stream, data }`, with ids that go on
//   whether or not anybody listens.
import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import { listen, type LocalServer, textOf } from "./listen.ts"

const limit = 5
const second = 1000

export interface BinanceServer extends LocalServer {
  readonly report: Effect.Effect<{ readonly violations: number; readonly wrongPongs: number; readonly pongs: boolean }>
}

export const binanceServer = ({ life, pingEvery }: { readonly life: number; readonly pingEvery: number }) =>
  Effect.gen(function*() {
    const report = { violations: 0, wrongPongs: 0, pongs: false }
    const { drop, url } = yield* listen({
      onConnection: (socket) => {
        const streams = new Set<string>()
        const arrivals: Array<number> = []
        const count = () => {
          const now = performance.now()
          arrivals.push(now)
          if (arrivals.length <= limit || now - arrivals[arrivals.length - limit - 1]! >= second) return
          report.violations++
          socket.close(1008, "too many messages")
        }

        let payload: Buffer | undefined
        const pings = setInterval(() => {
          if (payload !== undefined) socket.terminate()
          payload = randomBytes(8)
          socket.ping(payload)
        }, pingEvery)
        socket.on("pong", (copy) => {
          count()
          report.pongs = true
          if (payload === undefined || !payload.equals(copy)) report.wrongPongs++
          payload = undefined
        })

        const trades = setInterval(() => {
          // One id for all: the time, in the unit of this example.
          const t = Math.floor(performance.now() / 20)
          for (const stream of streams) socket.send(JSON.stringify({ stream, data: { e: "trade", t } }))
        }, 20)
        socket.on("message", (data) => {
          count()
          const { id, method, params }: { id: number; method: string; params: ReadonlyArray<string> } = JSON.parse(
            textOf(data)
          )
          for (const stream of params) {
            if (method === "SUBSCRIBE") streams.add(stream)
            else streams.delete(stream)
          }
          socket.send(JSON.stringify({ result: null, id }))
        })

        const end = setTimeout(() => socket.terminate(), life)
        socket.once("close", () => {
          clearInterval(pings)
          clearInterval(trades)
          clearTimeout(end)
        })
      }
    })
    return { drop, url, report: Effect.sync(() => ({ ...report })) } satisfies BinanceServer
  })
