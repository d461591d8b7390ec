/**
 * Round trips and throughput as curves. Figures beside them say the same for
 * who cannot see them.
 */
import uPlot from "uplot"
import { roundTrip } from "../../inWords.ts"
import { el, setAttribute, setShown, setText } from "./dom.ts"
import { bytes, rate } from "./format.ts"

/** Columns: seconds since 1970, then a number or nothing for each curve. */
export type Columns = [Array<number>, ...Array<Array<number | null>>]

export interface Chart {
  readonly element: HTMLElement
  readonly update: (columns: Columns, from: number, to: number, words: string) => void
}

interface Curve {
  readonly name: string
  /** The CSS variable of its colour. */
  readonly colour: string
  readonly points?: boolean
}

interface Look {
  readonly title: string
  /** What is said while there are no numbers. */
  readonly empty: string
  readonly curves: ReadonlyArray<Curve>
  readonly format: (value: number) => string
  readonly tools?: HTMLElement
}

const height = 180

const chart = ({ curves, empty, format, title, tools }: Look): Chart => {
  const plotted = el("div", { class: "plot", "aria-hidden": "true" })
  const nothing = el("p", { class: "nothing" }, empty)
  const caption = el("p", { class: "share" })
  let plot: uPlot | undefined
  let drawn = ""
  let last: Parameters<Chart["update"]> | undefined

  const draw = (data: Columns): uPlot => {
    const style = getComputedStyle(document.documentElement)
    const colour = (name: string) => style.getPropertyValue(name).trim()
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } }
    return new uPlot(
      {
        width: Math.max(200, plotted.clientWidth),
        height,
        padding: [12, 8, 0, 0],
        legend: { show: true, live: true },
        cursor: { points: { size: 7 }, drag: { x: false, y: false } },
        scales: { x: { time: true }, y: { range: (_, _min, max) => [0, max > 0 ? max * 1.15 : 1] } },
        axes: [
          { ...axis, space: 80, size: 28, values: "{HH}:{mm}:{ss}" },
          { ...axis, size: 66, space: 34, values: (_, values) => values.map(format) }
        ],
        series: [
          { value: "{HH}:{mm}:{ss}" },
          ...curves.map((curve) => ({
            label: curve.name,
            stroke: colour(curve.colour),
            fill: `${colour(curve.colour)}1f`,
            width: 1.75,
            points: { show: curve.points === true, size: 4 },
            value: (_: uPlot, value: number | null) => value === null ? "–" : format(value)
          }))
        ]
      },
      data,
      plotted
    )
  }
  const update: Chart["update"] = (columns, from, to, words) => {
    last = [columns, from, to, words]
    const isEmpty = columns[0].length === 0
    setShown(nothing, isEmpty)
    setShown(plotted, !isEmpty)
    setText(caption, words)
    if (isEmpty || !plotted.isConnected) return
    if (plot === undefined || drawn !== scheme()) {
      plot?.destroy()
      drawn = scheme()
      plot = draw(columns)
    }
    const drawing = plot
    drawing.batch(() => {
      drawing.setData(columns)
      drawing.setScale("x", { min: from, max: to })
    })
  }

  new ResizeObserver(() => {
    const width = plotted.clientWidth
    if (plot !== undefined && width > 0 && width !== plot.width) plot.setSize({ width, height })
  }).observe(plotted)
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (last !== undefined) update(...last)
  })

  return {
    element: el(
      "section",
      { class: "card chart", "aria-label": title },
      el("div", { class: "head" }, el("h3", {}, title), caption, tools),
      plotted,
      nothing
    ),
    update
  }
}

const scheme = (): string => matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"

/** Round trips of heartbeats, in milliseconds. */
export const roundTripChart = (): Chart =>
  chart({
    title: "Round trips",
    empty: "No heartbeat has been answered yet; none is needed while messages come.",
    curves: [{ name: "Round trip", colour: "--accent", points: true }],
    format: roundTrip
  })

/** What goes through, in messages or in bytes per second; `turn` is called when the other one is wanted. */
export const throughputChart = (turn: () => void): Chart & { readonly unit: () => "messages" | "bytes" } => {
  let unit: "messages" | "bytes" = "messages"
  const buttons = (["messages", "bytes"] as const).map((name) => {
    const button = el("button", { type: "button", "aria-pressed": String(name === unit) }, name)
    button.addEventListener("click", () => {
      unit = name
      buttons.forEach((other) => setAttribute(other, "aria-pressed", String(other === button)))
      turn()
    })
    return button
  })
  return {
    ...chart({
      title: "Throughput",
      empty: "Counting begins when this page is opened.",
      curves: [{ name: "in", colour: "--in" }, { name: "out", colour: "--out" }],
      format: (value) => `${unit === "bytes" ? bytes(value) : rate(value)}/s`,
      tools: el("div", { class: "switch", role: "group", "aria-label": "Unit" }, ...buttons)
    }),
    unit: () => unit
  }
}
