/**
 * The timeline as a picture. The list below it says the same in words, so it is
 * one image to who cannot see it.
 */
import { duration } from "../../inWords.ts"
import type { Happening } from "../happening.ts"
import { el, setAttribute, setText, svg } from "./dom.ts"
import { time } from "./format.ts"
import { openShare, percent, type Segment, segmentsOf } from "./timeline.ts"

export interface TimelineView {
  readonly element: HTMLElement
  readonly update: (happenings: ReadonlyArray<Happening>, now: number) => void
}

const minute = 60_000
const spans = [
  { name: "15 min", length: 15 * minute },
  { name: "1 h", length: 60 * minute },
  { name: "24 h", length: 24 * 60 * minute },
  { name: "All", length: Infinity }
]

const width = 1000
const height = 28

/** A timeline of nothing yet. */
export const timelineView = (): TimelineView => {
  let length = Infinity
  let last: Parameters<TimelineView["update"]> | undefined
  const bars = svg("g")
  const picture = svg("svg", {
    class: "timeline",
    viewBox: `0 0 ${width} ${height}`,
    preserveAspectRatio: "none",
    role: "img"
  }, bars)
  const share = el("p", { class: "share" })
  const [from, to] = [el("span"), el("span")]
  const buttons = spans.map((span) => {
    const button = el("button", { type: "button", "aria-pressed": String(span.length === length) }, span.name)
    button.addEventListener("click", () => {
      length = span.length
      buttons.forEach((other) => setAttribute(other, "aria-pressed", String(other === button)))
      if (last !== undefined) update(...last)
    })
    return button
  })

  const update: TimelineView["update"] = (happenings, now) => {
    last = [happenings, now]
    const segments = segmentsOf(happenings, now)
    const start = Math.max(now - length, Math.min(segments[0]?.from ?? now, now - 30_000))
    const shown = segments.filter((segment) => segment.to > start)
    const x = (at: number) => ((Math.max(at, start) - start) / (now - start)) * width
    bars.replaceChildren(...shown.map((segment) => {
      const left = x(segment.from)
      // A second in a day is still to be seen.
      const rect = svg("rect", {
        x: left,
        y: 0,
        width: Math.max(segment.kind === "open" ? 0.5 : 2, x(segment.to) - left),
        height,
        "data-kind": segment.kind
      })
      rect.append(svg("title", {}, titleOf(segment, now)))
      return rect
    }))
    const open = openShare(segments, start)
    const words = open === undefined
      ? "Nothing is known yet."
      : `Open for ${percent(open)} of the last ${duration(now - Math.max(start, shown[0]?.from ?? start))}.`
    setText(share, words)
    setAttribute(picture, "aria-label", `Timeline. ${words}`)
    setText(from, time(start, now))
    setText(to, "now")
  }

  return {
    element: el(
      "section",
      { class: "card", "aria-label": "Timeline" },
      el(
        "div",
        { class: "head" },
        el("h3", {}, "Timeline"),
        share,
        el("div", { class: "switch", role: "group", "aria-label": "How far back" }, ...buttons)
      ),
      picture,
      el("div", { class: "axis", "aria-hidden": "true" }, from, to)
    ),
    update
  }
}

const kinds: { readonly [_ in Segment["kind"]]: string } = {
  open: "Open",
  down: "Not open",
  closed: "Closed by us",
  gaveUp: "Gave up"
}

const titleOf = (segment: Segment, now: number): string => {
  const what = segment.session === undefined ? kinds[segment.kind] : `Session ${segment.session}`
  const until = segment.to === now ? "now" : time(segment.to, now)
  return `${what}, ${time(segment.from, now)} to ${until} (${duration(segment.to - segment.from)})` +
    (segment.ending === undefined ? "" : `\n${segment.ending.message}`)
}
