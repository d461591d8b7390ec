/**
 * What can be done to a connection: buttons that ask the server, and say what it
 * answered.
 */
import { el, setShown, setText } from "./dom.ts"

export interface Actions {
  readonly element: HTMLElement
  readonly update: (state: { readonly closed: boolean; readonly closing: boolean; readonly live: boolean }) => void
}

/** The buttons of one connection. */
export const actions = (name: string): Actions => {
  const problem = el("p", { class: "problem", role: "alert" })
  const reconnect = el("button", { type: "button", class: "primary" }, "Reconnect")
  const close = el("button", { type: "button" }, "Close…")
  let busy = false
  let state = { closed: false, closing: false, live: true }

  const show = () => {
    setText(reconnect, state.closed ? "Start again" : "Reconnect")
    reconnect.disabled = busy || !state.live || state.closing
    close.disabled = busy || !state.live || state.closed || state.closing
  }
  const ask = (what: "reconnect" | "close") => {
    busy = true
    setShown(problem, false)
    show()
    void post(`api/connections/${encodeURIComponent(name)}/${what}`).then((sentence) => {
      busy = false
      setText(problem, sentence ?? "")
      setShown(problem, sentence !== undefined)
      show()
    })
  }
  reconnect.addEventListener("click", () => ask("reconnect"))
  close.addEventListener("click", () => confirmClose(name, () => ask("close")))
  setShown(problem, false)

  return {
    element: el("div", { class: "actions" }, el("div", { class: "buttons" }, reconnect, close), problem),
    update: (next) => {
      state = next
      show()
    }
  }
}

/** Asks the server; gives the sentence that says why it was not done. */
const post = (url: string): Promise<string | undefined> =>
  fetch(url, { method: "POST" }).then(
    (response) =>
      response.ok ? undefined : response.json().then(
        ({ advice, message }: { readonly message: string; readonly advice?: string }) =>
          `${message} ${advice ?? ""}`.trim(),
        () => `The server answered with ${response.status}.`
      ),
    () => "holdfast does not answer."
  )

const confirmClose = (name: string, then: () => void): void => {
  const cancel = el("button", { type: "submit", value: "cancel" }, "Cancel")
  const yes = el("button", { type: "submit", value: "close", class: "danger" }, "Close it")
  const title = el("h2", { id: "confirm-title" }, "Close ", el("span", { class: "name" }, name), "?")
  const dialog = el(
    "dialog",
    { "aria-labelledby": "confirm-title" },
    el(
      "form",
      { method: "dialog" },
      title,
      el("p", {}, "The peer is told goodbye (1000), and the connection is not dialled until you start it again."),
      el("div", { class: "buttons" }, cancel, yes)
    )
  )
  dialog.addEventListener("close", () => {
    dialog.remove()
    if (dialog.returnValue === "close") then()
  })
  document.body.append(dialog)
  dialog.showModal()
  cancel.focus()
}
