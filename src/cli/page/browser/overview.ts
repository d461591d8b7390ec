/**
 * The list of all connections: what is wrong is found at a glance, one of two
 * hundred by typing.
 */
import type { ConnectionReport } from "../../fleet/ConnectionReport.ts"
import { roundTrip } from "../../inWords.ts"
import { type Badge, badge } from "./badge.ts"
import { el, setAttribute, setShown, setText } from "./dom.ts"
import { count, rate, roughAge } from "./format.ts"
import { type Condition, conditionOf, conditions, conditionWords, type Model } from "./model.ts"
import { shortSituation } from "./words.ts"

export interface Overview {
  readonly element: HTMLElement
  readonly update: (now: number, selected: string | undefined) => void
}

interface Row {
  readonly element: HTMLLIElement
  readonly update: (report: ConnectionReport, now: number, selected: boolean) => void
}

type Order = "config" | "trouble" | "name"

/** The address of a connection in the page. */
export const addressOf = (name: string): string => `#${encodeURIComponent(name)}`

/** The list, of what the model knows. */
export const overview = (model: Model): Overview => {
  const rows = new Map<string, Row>()
  const wanted = new Set<Condition>()
  let refresh = () => undefined as void

  const search = el("input", {
    type: "search",
    placeholder: "Name or address",
    "aria-label": "Find a connection"
  })
  const order = el(
    "select",
    { "aria-label": "Order" },
    el("option", { value: "config" }, "As configured"),
    el("option", { value: "trouble" }, "Trouble first"),
    el("option", { value: "name" }, "By name")
  )
  const chips = conditions.toReversed().map((condition) => {
    const button = el("button", { type: "button", class: "chip", "aria-pressed": "false", "data-condition": condition })
    button.addEventListener("click", () => {
      if (!wanted.delete(condition)) wanted.add(condition)
      setAttribute(button, "aria-pressed", String(wanted.has(condition)))
      refresh()
    })
    return { condition, button }
  })
  const tools = el(
    "div",
    { class: "tools" },
    el("div", { class: "find" }, search, order),
    el("div", { class: "chips", role: "group", "aria-label": "Show only" }, ...chips.map(({ button }) => button))
  )
  const nothing = el("p", { class: "nothing" })
  const list = el("ul", { class: "connections" })
  const element = el("nav", { class: "overview", "aria-label": "Connections" }, tools, list, nothing)

  search.addEventListener("input", () => refresh())
  order.addEventListener("change", () => refresh())

  return {
    element,
    update: (now, selected) => {
      refresh = () => {
        const { reports } = model
        const shown = sorted(reports, order.value as Order)
          .filter((report) => wanted.size === 0 || wanted.has(conditionOf(report)))
          .filter(matches(search.value))
        for (const { button, condition } of chips) {
          const number = reports.filter((report) => conditionOf(report) === condition).length
          setText(button, `${count(number)} ${conditionWords[condition].toLowerCase()}`)
          setShown(button, number > 0 || wanted.has(condition))
        }
        setShown(tools, reports.length > 1)
        setShown(nothing, shown.length === 0)
        setText(nothing, reports.length === 0 ? "There are no connections." : "No connection is like that.")
        place(
          list,
          shown.map((report) => {
            const row = rows.get(report.name) ?? makeRow(report, model)
            rows.set(report.name, row)
            row.update(report, now, report.name === selected)
            return row.element
          })
        )
        for (const name of rows.keys()) {
          if (model.report(name) === undefined) rows.delete(name)
        }
      }
      refresh()
    }
  }
}

const sorted = (reports: ReadonlyArray<ConnectionReport>, order: Order): ReadonlyArray<ConnectionReport> => {
  if (order === "config") return reports
  const byName = reports.toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }))
  return order === "name"
    ? byName
    : byName.toSorted((a, b) => conditions.indexOf(conditionOf(a)) - conditions.indexOf(conditionOf(b)))
}

const matches = (search: string) => {
  const words = search.toLowerCase().split(/\s+/)
  return ({ endpoint, name }: ConnectionReport) => {
    const text = `${name} ${endpoint}`.toLowerCase()
    return words.every((word) => text.includes(word))
  }
}

/** Puts the elements in this order, and moves only those that are not in their place: the focus stays where it is. */
const place = (parent: Element, elements: ReadonlyArray<Element>): void => {
  const wanted = new Set(elements)
  for (const child of [...parent.children]) {
    if (!wanted.has(child)) child.remove()
  }
  elements.forEach((element, index) => {
    const there = parent.children[index]
    if (there !== element) parent.insertBefore(element, there ?? null)
  })
}

const makeRow = ({ name }: ConnectionReport, model: Model): Row => {
  const state: Badge = badge()
  const situation = el("span", { class: "situation" })
  const endpoint = el("span", { class: "endpoint" })
  const number = (title: string) => {
    const value = el("span")
    return { value, element: el("span", { title }, el("span", { class: "unseen" }, `${title}: `), value) }
  }
  const trip = number("Last round trip of a heartbeat")
  const traffic = number("Messages per second, in and out")
  const quiet = number("Last message")
  const link = el(
    "a",
    { href: addressOf(name) },
    el("span", { class: "name" }, name),
    endpoint,
    el("span", { class: "state" }, state.element, situation),
    el("span", { class: "numbers" }, trip.element, traffic.element, quiet.element)
  )
  return {
    element: el("li", {}, link),
    update: (report, now, selected) => {
      const last = model.rate(name)
      state.show(conditionOf(report))
      setText(situation, shortSituation(report, now))
      setText(endpoint, report.endpoint)
      // Where nothing moves, what it waits for has the room.
      const open = report.state === "Open"
      setShown(trip.element, open)
      setShown(traffic.element, open)
      setShown(quiet.element, open || report.lastMessageAge !== undefined)
      setText(trip.value, report.rtt === undefined ? "–" : roundTrip(report.rtt.last))
      setText(traffic.value, last === undefined ? "–" : `↓${rate(last.messagesIn)} ↑${rate(last.messagesOut)}`)
      setText(
        quiet.value,
        report.lastMessageAge === undefined ? "no message" : `${roughAge(report.lastMessageAge)} ago`
      )
      setAttribute(link, "aria-current", selected ? "true" : undefined)
    }
  }
}
