// What a message costs on its way to the subscribers of its key, by the number of keys: `npm run bench:routing` prints
// the table of docs/topics/conversations.md.
//
// No socket and no decoding: the protocol is a stub that hands decoded messages to its listener in bursts of 256, as a
// chunk of a socket does. Every key has one subscriber, which reads its batches. A burst is about ten keys, or each of
// its messages about another one, scattered over all there are: then it wakes as many readers as it has messages.
import { Effect, Stream } from "effect"
import { type Connection, type Protocol, Subscriptions } from "holdfast"

interface Price {
  readonly symbol: string
  readonly price: number
}

const burst = 256
const rounds = 31

/** A protocol that only listens, and how to make it hear something. */
const stub = () => {
  let hear: (price: Price) => void = () => {}
  const connection = { await: Effect.never, subscribe: Effect.never } as unknown as Connection.ConnectionService
  const protocol = {
    connection,
    status: Effect.succeed({ _tag: "Connecting", attempt: 1 }),
    prelude: () => Effect.void,
    listen: (handler: typeof hear) =>
      Effect.sync(() => {
        hear = handler
      })
  } as unknown as Protocol.ProtocolService<Price, string>
  return { protocol, hear: (price: Price) => hear(price) }
}

const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

interface Setting {
  readonly keys: number
  readonly messages: number
  readonly keyed: boolean
  /** How many keys a burst is about. */
  readonly spread: number
}

/** Nanoseconds a message, in each round: inside the socket's callback, and until it was read. */
interface Sample {
  readonly routed: number
  readonly read: number
}

const measure = ({ keyed, keys, messages, spread }: Setting): Effect.Effect<ReadonlyArray<Sample>> =>
  Effect.scoped(Effect.gen(function*() {
    const { hear, protocol } = stub()
    const subscriptions = yield* Subscriptions.make({
      protocol,
      ...keyed ? { keyOf: (price: Price) => price.symbol } : {}
    })
    const prices = Array.from({ length: keys }, (_, i): Price => ({ symbol: `SYM${i}`, price: i }))
    let read = 0
    for (const { symbol } of prices) {
      const stream = subscriptions.subscribe({
        key: symbol,
        open: symbol,
        select: (price) => price.symbol === symbol ? price : undefined
      })
      yield* Effect.forkScoped(
        Stream.runForEachArray(stream, (batch) =>
          Effect.sync(() => {
            read += batch.length
          })),
        { startImmediately: true }
      )
    }
    const samples: Array<Sample> = []
    // The first two are a warm-up.
    for (let round = -2; round < rounds; round++) {
      read = 0
      let routing = 0n
      const begun = process.hrtime.bigint()
      for (let sent = 0; sent < messages; sent += burst) {
        const before = process.hrtime.bigint()
        for (let i = 0; i < burst; i++) hear(prices[(sent + i % spread) * 7919 % keys]!)
        routing += process.hrtime.bigint() - before
        yield* turn
      }
      while (read < messages) yield* turn
      const whole = process.hrtime.bigint() - begun
      if (round >= 0) samples.push({ routed: Number(routing) / messages, read: Number(whole) / messages })
    }
    return samples
  })).pipe(Effect.orDie)

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

// Beside the median the least, which is what is left where the machine did nothing else.
const figures = (values: ReadonlyArray<number>): string => {
  const [least, middle] = [Math.min(...values), median(values)].map((n) => Math.round(n).toLocaleString("en"))
  return `${least} (${middle})`
}

const row = (setting: Setting) =>
  Effect.map(measure(setting), (samples) => {
    const cells = [
      setting.keys.toLocaleString("en"),
      setting.keyed ? "`keyOf`" : "every `select`",
      String(setting.spread),
      figures(samples.map(({ routed }) => routed)),
      figures(samples.map(({ read }) => read))
    ]
    process.stdout.write(`| ${cells.join(" | ")} |\n`)
  })

/** The least that it can cost: a `Map` of arrays, with nobody to wake. */
const byHand = (keys: number, messages: number) =>
  Effect.gen(function*() {
    const prices = Array.from({ length: keys }, (_, i): Price => ({ symbol: `SYM${i}`, price: i }))
    const lists = new Map(prices.map(({ symbol }) => [symbol, new Array<Price>()]))
    const samples: Array<number> = []
    for (let round = -2; round < rounds; round++) {
      let routing = 0n
      for (let sent = 0; sent < messages; sent += burst) {
        const before = process.hrtime.bigint()
        for (let i = 0; i < burst; i++) {
          const price = prices[(sent + i % 10) * 7919 % keys]!
          lists.get(price.symbol)!.push(price)
        }
        routing += process.hrtime.bigint() - before
        yield* turn
        for (const list of lists.values()) list.length = 0
      }
      if (round >= 0) samples.push(Number(routing) / messages)
    }
    process.stdout.write(`| ${keys.toLocaleString("en")} | a \`Map\`, by hand | 10 | ${figures(samples)} | |\n`)
  })

const main = Effect.gen(function*() {
  process.stdout.write(
    "| keys | found by | keys in a burst | ns to route, least (median) | ns until read |\n" +
      "| ---: | --- | ---: | ---: | ---: |\n"
  )
  const messages = burst * 100
  for (const keys of [10, 1000, 10_000]) yield* row({ keys, messages, keyed: true, spread: 10 })
  for (const keys of [10, 1000, 10_000]) yield* byHand(keys, messages)
  for (const keys of [1000, 10_000]) yield* row({ keys, messages, keyed: true, spread: burst })
  for (const keys of [10, 1000]) yield* row({ keys, messages: burst * 10, keyed: false, spread: 10 })
})

await Effect.runPromise(main)
