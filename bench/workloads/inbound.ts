// What the three inbound workloads share: a flood, its warm-up, and the check that nothing was lost or out of order.
import { load } from "../contenders/load.ts"
import { end, type FeedName, feeds } from "../messages.ts"
import type { Contender, Message, Sample, Setting } from "../types.ts"
import { perMessage } from "./metrics.ts"

export interface Inbound {
  readonly feed: FeedName
  /** Messages that are measured. */
  readonly count: number
  /** Does with every message what a user would, and returns its number where that is known at once. */
  readonly handle: (message: Message) => number | undefined
  /** The number of a message of which `handle` did not tell it; asked of every 64th. */
  readonly numberOf: (message: Message) => number
  /** Another way to receive than the contender's own. */
  readonly receive?: Contender["receive"]
}

export const measureInbound = async (setting: Setting, inbound: Inbound): Promise<Sample> => {
  const { handle, numberOf } = inbound
  const { period } = feeds[inbound.feed]
  // Whole blocks are sent, so the end may come later than was asked for.
  const warmup = Math.ceil(inbound.count / 5)
  const last = warmup + inbound.count
  const receive = inbound.receive ?? (await load(setting.contender)).receive
  return new Promise((resolve, reject) => {
    let seen = 0
    let begun = 0
    let usage: NodeJS.CpuUsage | undefined
    let sample: Sample | undefined
    const onMessage = (message: Message): void => {
      if (seen === warmup) {
        usage = process.cpuUsage()
        begun = performance.now()
      } else if (seen === last) {
        sample = perMessage(inbound.count, begun, usage!)
      }
      if (message === end) {
        if (sample === undefined || seen % period !== 0) reject(new Error(`the feed ended after ${seen} messages`))
        else resolve(sample)
        return
      }
      const number = handle(message)
      if ((seen & 63) === 0 && (number ?? numberOf(message)) !== seen % period) {
        reject(new Error(`message ${seen} has the number ${number ?? numberOf(message)}`))
      }
      seen++
    }
    const url = `ws://127.0.0.1:${setting.port}/flood?feed=${inbound.feed}&count=${last + 1}`
    receive(url, onMessage).then((client) => client.send("go"), reject)
  })
}
