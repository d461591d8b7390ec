/**
 * The page: the list and one connection of it, drawn anew each second and
 * whenever something happens, for as long as the server is there and after.
 */
import { plural } from "../../inWords.ts"
import { type Detail, detail } from "./detail.ts"
import { el, setAttribute, setShown, setText } from "./dom.ts"
import { listen } from "./feed.ts"
import { time } from "./format.ts"
import { conditionOf, conditions, conditionWords, Model } from "./model.ts"
import { overview } from "./overview.ts"
import { situation } from "./words.ts"

const model = new Model()
const list = overview(model)
const counts = el("p", { class: "counts" })
const version = el("span", { class: "version" })
const link = el("p", { class: "link", role: "status" })
const logout = el("form", { method: "post", action: "logout" }, el("button", { type: "submit" }, "Log out"))
/** Says to who does not see it what happens to the connection that is looked at. */
const announcer = el("p", { class: "unseen", "aria-live": "polite" })
const welcome = el("main", { class: "detail welcome" }, el("p", {}, "Choose a connection."))
const body = el("div", { class: "body" }, list.element, welcome)

let current: Detail | undefined
let announced: string | undefined
let lostAt: number | undefined
let known = false

const now = (): number => model.serverTime(lostAt ?? Date.now())

/** The name in the address; the only connection there is needs no choice. */
const selected = (): string | undefined => {
  const name = safely(location.hash.slice(1))
  if (name !== "") return name
  return model.reports.length === 1 ? model.reports[0]?.name : undefined
}

const safely = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const draw = (): void => {
  if (!known) return
  const name = selected()
  if (current?.name !== name) {
    current?.element.remove()
    current = name === undefined ? undefined : detail(model, name)
    announced = undefined
    body.append(current?.element ?? welcome)
    if (current !== undefined) welcome.remove()
  }
  setAttribute(body, "data-view", location.hash.length > 1 ? "one" : "all")
  setAttribute(body, "data-alone", model.reports.length === 1 && name === model.reports[0]?.name)
  list.update(now(), name)
  current?.update(now(), lostAt === undefined)
  drawHead()
  announce()
}

const drawHead = (): void => {
  const parts = conditions.map((condition) => {
    const number = model.reports.filter((report) => conditionOf(report) === condition).length
    return number === 0 ? [] : [`${number} ${conditionWords[condition].toLowerCase()}`]
  }).flat().toReversed()
  setText(counts, `${plural(model.reports.length, "connection")}${parts.length === 0 ? "" : `: ${parts.join(", ")}`}`)
  setText(version, model.version)
  setShown(logout, model.session)
  const bad = model.reports.filter(({ state }) => state !== "Open").length
  document.title = lostAt !== undefined ? "? holdfast" : bad === 0 ? "holdfast" : `(${bad}) holdfast`
}

const announce = (): void => {
  const report = current === undefined ? undefined : model.report(current.name)
  if (report === undefined) return
  const condition = conditionOf(report)
  if (announced !== undefined && announced !== condition) {
    setText(announcer, `${report.name}: ${conditionWords[condition]}. ${situation(report, now())}`)
  }
  announced = condition
}

const showLink = (): void => {
  setAttribute(
    document.body,
    "data-link",
    !known && lostAt === undefined ? "unknown" : lostAt === undefined ? "live" : "lost"
  )
  setText(
    link,
    lostAt === undefined
      ? known ? "live" : "connecting to holdfast…"
      : known
      ? `Not connected to holdfast since ${time(lostAt, Date.now())}. This is how it was then; trying again…`
      : "Not connected to holdfast; trying again…"
  )
}

document.body.replaceChildren(
  el(
    "header",
    { class: "top" },
    el("h1", {}, el("a", { href: "#" }, "holdfast")),
    version,
    counts,
    link,
    logout
  ),
  body,
  announcer
)
setShown(logout, false)
showLink()

addEventListener("hashchange", () => {
  draw()
  // The keyboard goes where the eye goes.
  if (location.hash.length > 1) current?.element.focus({ preventScroll: true })
  else list.element.querySelector<HTMLElement>("[aria-current], a")?.focus()
  scrollTo(0, 0)
})
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && location.hash.length > 1 && document.querySelector("dialog") === null) {
    location.hash = ""
  }
})

const told = (): void => {
  lostAt = undefined
  known = true
  showLink()
  draw()
}

listen("api/events", {
  hello: (hello) => {
    model.hello(hello, Date.now())
    told()
  },
  tick: (tick) => {
    model.tick(tick, Date.now())
    told()
  },
  happened: (happened) => {
    const complete = model.happened(happened)
    if (current?.name === happened.connection) current.update(now(), true)
    return complete
  },
  lost: () => {
    lostAt ??= Date.now()
    showLink()
    draw()
  },
  unauthorized: () => location.reload()
})
