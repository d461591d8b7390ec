/**
 * The events of the server, and whether it is there at all: it is asked again
 * until it answers, and one that says nothing for too long is not there either.
 */
import type { Happened, Hello, Tick } from "../happening.ts"

/** Who is told. */
export interface Listener {
  readonly hello: (hello: Hello) => void
  readonly tick: (tick: Tick) => void
  /** Gives false where something was missed. */
  readonly happened: (happened: Happened) => boolean
  /** The server has gone, or has nothing to say. */
  readonly lost: () => void
  /** The server does not know us any more. */
  readonly unauthorized: () => void
}

/** It speaks each second. */
const longestSilence = 6000
const pauseBeforeRetry = 2000

/** Listens for as long as the page is there. */
export const listen = (url: string, listener: Listener): void => {
  let source: EventSource
  let heard = performance.now()
  let there = false

  const isHeard = () => {
    heard = performance.now()
    there = true
  }
  const isLost = () => {
    if (there) listener.lost()
    there = false
  }
  const open = () => {
    heard = performance.now()
    source = new EventSource(url)
    source.addEventListener("hello", ({ data }: MessageEvent<string>) => {
      isHeard()
      listener.hello(JSON.parse(data))
    })
    source.addEventListener("tick", ({ data }: MessageEvent<string>) => {
      isHeard()
      listener.tick(JSON.parse(data))
    })
    source.addEventListener("happened", ({ data }: MessageEvent<string>) => {
      isHeard()
      if (listener.happened(JSON.parse(data))) return
      source.close()
      open()
    })
    source.addEventListener("error", () => {
      isLost()
      // Otherwise the browser asks again by itself.
      if (source.readyState === EventSource.CLOSED) retry()
    })
  }
  const retry = () => {
    source.close()
    setTimeout(() => {
      fetch("session").then((response) => response.json()).then(
        (session: { readonly open: boolean }) => session.open ? open() : listener.unauthorized(),
        open
      )
    }, pauseBeforeRetry)
  }

  open()
  setInterval(() => {
    if (performance.now() - heard < longestSilence) return
    isLost()
    source.close()
    open()
  }, 1000)
}
