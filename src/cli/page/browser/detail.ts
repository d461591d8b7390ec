/**
 * Everything about one connection.
 */
import type { ConnectionReport } from "../../fleet/ConnectionReport.ts"
import { age, roundTrip } from "../../inWords.ts"
import { actions } from "./actions.ts"
import { badge } from "./badge.ts"
import { type Columns, roundTripChart, throughputChart } from "./charts.ts"
import { el, setAttribute, setShown, setText } from "./dom.ts"
import { bytes, count, rate, time } from "./format.ts"
import { conditionOf, lastErrors, type Model } from "./model.ts"
import { timelineView } from "./timelineView.ts"
import { endingDetail, lineOf, sentenceOf, situation } from "./words.ts"

export interface Detail {
  readonly name: string
  readonly element: HTMLElement
  /** `live` is whether the server is there. */
  readonly update: (now: number, live: boolean) => void
}

/** The view of one connection. */
export const detail = (model: Model, name: string): Detail => {
  const state = badge()
  const sentence = el("p", { class: "situation" })
  const endpoint = el("p", { class: "endpoint" })
  const trouble = el("div", { class: "trouble" })
  const buttons = actions(name)
  const facts = factsView()
  const timeline = timelineView()
  const trips = roundTripChart()
  const throughput = throughputChart(() => drawThroughput(lastNow))
  const errors = el("ul", { class: "errors" })
  const events = el("ul", { class: "events" })
  const gone = el("p", { class: "trouble" }, "There is no connection of this name any more.")
  let lastNow = 0

  const errorsCard = card("Last errors", errors)
  const content = el(
    "div",
    { class: "content" },
    trouble,
    facts.element,
    timeline.element,
    el("div", { class: "charts" }, trips.element, throughput.element),
    el("div", { class: "lists" }, errorsCard, card("What happened", events))
  )
  const element = el(
    "main",
    { class: "detail", tabindex: -1, "aria-labelledby": "detail-name" },
    el(
      "header",
      {},
      el("a", { class: "back", href: "#" }, "All connections"),
      el(
        "div",
        { class: "title" },
        el("h2", { id: "detail-name", class: "name" }, name),
        state.element
      ),
      endpoint,
      sentence,
      buttons.element
    ),
    gone,
    content
  )

  const drawThroughput = (now: number) => {
    const seconds = model.throughput(name)
    const inBytes = throughput.unit() === "bytes"
    const columns: Columns = [
      seconds.map(({ at }) => at / 1000),
      seconds.map((second) => inBytes ? second.bytesIn : second.messagesIn),
      seconds.map((second) => inBytes ? second.bytesOut : second.messagesOut)
    ]
    const last = seconds.at(-1)
    const words = last === undefined
      ? ""
      : inBytes
      ? `${bytes(last.bytesIn)}/s in, ${bytes(last.bytesOut)}/s out`
      : `${rate(last.messagesIn)}/s in, ${rate(last.messagesOut)}/s out`
    const first = Math.min(seconds[0]?.at ?? now, now - 60_000)
    throughput.update(columns, first / 1000, now / 1000, words)
  }

  return {
    name,
    element,
    update: (now, live) => {
      lastNow = now
      const report = model.report(name)
      setShown(gone, report === undefined)
      setShown(content, report !== undefined)
      buttons.update({
        closed: report?.state === "Closed",
        closing: report?.state === "Closing",
        live: live && report !== undefined
      })
      if (report === undefined) return
      const { happenings, roundTrips } = model.past(name)
      state.show(conditionOf(report))
      setText(sentence, situation(report, now))
      setText(endpoint, report.endpoint)
      showTrouble(trouble, report, now)
      facts.update(report, model)
      timeline.update(happenings, now)
      const first = roundTrips[0]?.[0] ?? now
      trips.update(
        [roundTrips.map(([at]) => at / 1000), roundTrips.map(([, rtt]) => rtt)],
        Math.min(first, now - 60_000) / 1000,
        now / 1000,
        report.rtt === undefined
          ? ""
          : `last ${roundTrip(report.rtt.last)}, median ${roundTrip(report.rtt.p50)}, p99 ${roundTrip(report.rtt.p99)}`
      )
      drawThroughput(now)
      const wrong = lastErrors(happenings).slice(0, 6)
      setShown(errorsCard, wrong.length > 0)
      showLines(
        errors,
        wrong.map((error) => ({
          at: error.at,
          text: sentenceOf(error.message, report.endpoint),
          detail: endingDetail(error) + (error.times > 1 ? `; ${count(error.times)} times` : "")
        })),
        now
      )
      showLines(
        events,
        happenings.toReversed().flatMap((happening) => {
          const text = lineOf(happening, now)
          const ending = "ending" in happening ? happening.ending : undefined
          return text === undefined
            ? []
            : [{ at: happening.at, text, detail: ending && sentenceOf(ending.message, report.endpoint) }]
        }),
        now
      )
    }
  }
}

const card = (title: string, ...children: ReadonlyArray<Element>): HTMLElement =>
  el("section", { class: "card", "aria-label": title }, el("div", { class: "head" }, el("h3", {}, title)), ...children)

const showTrouble = (element: HTMLElement, report: ConnectionReport, now: number): void => {
  const { last } = report
  setShown(element, last !== undefined)
  if (last === undefined) return
  setAttribute(element, "data-condition", conditionOf(report))
  const message = sentenceOf(last.message, report.endpoint)
  const text = report.state === "Open"
    ? `The session before ended ${age(now - Date.parse(last.at))} ago. ${message}`
    : message
  const detailText = endingDetail(last) + (last.retryable ? "" : "; another dial cannot help")
  if (element.childElementCount === 0) element.append(el("strong"), el("span"))
  const [strong, span] = element.children
  if (strong !== undefined) setText(strong, text)
  if (span !== undefined) setText(span, detailText)
}

interface Line {
  readonly at: number
  readonly text: string
  readonly detail: string | undefined
}

/** Lines are made anew only where they are other ones. */
const showLines = (list: HTMLElement, lines: ReadonlyArray<Line>, now: number): void => {
  const key = JSON.stringify(lines)
  if (list.dataset["key"] === key) return
  list.dataset["key"] = key
  list.replaceChildren(...lines.map(({ at, detail, text }) =>
    el(
      "li",
      {},
      el("time", { datetime: new Date(at).toISOString(), title: new Date(at).toString() }, time(at, now)),
      el("span", {}, text, detail === undefined ? undefined : el("small", {}, detail))
    )
  ))
}

interface Fact {
  readonly name: string
  readonly value: (report: ConnectionReport, model: Model) => string
  readonly detail: (report: ConnectionReport, model: Model) => string
}

const traffic = (direction: "received" | "sent", report: ConnectionReport, model: Model): string => {
  const last = model.rate(report.name)
  const now = last === undefined ? undefined : direction === "received" ? last.messagesIn : last.messagesOut
  return `${bytes(report[direction].bytes)}${now === undefined ? "" : `, ${rate(now)}/s`}`
}

const facts: ReadonlyArray<Fact> = [
  {
    name: "Last byte",
    value: ({ lastByteAge }) => lastByteAge === undefined ? "–" : `${age(lastByteAge)} ago`,
    detail: ({ state }) => state === "Open" ? "pongs count, too" : "no session is open"
  },
  {
    name: "Last message",
    value: ({ lastMessageAge }) => lastMessageAge === undefined ? "–" : `${age(lastMessageAge)} ago`,
    detail: ({ lastMessageAge }) => lastMessageAge === undefined ? "none yet" : "in whichever session"
  },
  {
    name: "Round trip",
    value: ({ rtt }) => rtt === undefined ? "–" : roundTrip(rtt.last),
    detail: ({ rtt }) =>
      rtt === undefined ? "no heartbeat yet" : `median ${roundTrip(rtt.p50)}, p99 ${roundTrip(rtt.p99)}`
  },
  {
    name: "Received",
    value: ({ received }) => count(received.messages),
    detail: (report, model) => traffic("received", report, model)
  },
  {
    name: "Sent",
    value: ({ sent }) => count(sent.messages),
    detail: (report, model) => traffic("sent", report, model)
  },
  {
    name: "Dropped",
    value: ({ dropped }) => count(dropped),
    detail: ({ dropped }) => dropped === 0 ? "none" : "messages, both ways"
  },
  {
    name: "Sessions",
    value: ({ sessions }) => count(sessions),
    detail: ({ attempt, dials, state }) =>
      `${count(dials)} ${dials === 1 ? "dial" : "dials"}${state === "Open" ? "" : `, attempt ${count(attempt)}`}`
  },
  {
    name: "Subprotocol",
    value: ({ subprotocol }) => subprotocol ?? "–",
    detail: ({ state, subprotocol }) =>
      state !== "Open" ? "no session is open" : subprotocol === undefined ? "none negotiated" : "negotiated"
  }
]

const factsView = () => {
  const views = facts.map((fact) => {
    const [value, small] = [el("dd"), el("dd", { class: "small" })]
    return { fact, value, small, element: el("div", {}, el("dt", {}, fact.name), value, small) }
  })
  return {
    element: el("dl", { class: "facts" }, ...views.map(({ element }) => element)),
    update: (report: ConnectionReport, model: Model) => {
      for (const { fact, small, value } of views) {
        setText(value, fact.value(report, model))
        setText(small, fact.detail(report, model))
      }
    }
  }
}
