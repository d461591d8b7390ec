/**
 * A condition as a shape, a colour and a word: nobody has to tell colours apart.
 */
import { el, setAttribute, setText, svg } from "./dom.ts"
import { type Condition, conditionWords } from "./model.ts"

const shapes: { readonly [_ in Condition]: string } = {
  // A disc, a ring with a part missing, an hourglass, a fading square, a square, a cross.
  Open: "M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2Z",
  Connecting: "M8 1.5a6.5 6.5 0 1 0 6.5 6.5h-2.6A3.9 3.9 0 1 1 8 4.1Z",
  Waiting: "M3 1.5h10v2.3L9.3 8l3.7 4.2v2.3H3v-2.3L6.7 8 3 3.8Z",
  Closing: "M3 3h10v10H3Zm2.4 2.4v5.2h5.2V5.4Z",
  Closed: "M3 3h10v10H3Z",
  GaveUp: "M4 1.9 8 5.9l4-4L14.1 4l-4 4 4 4-2.1 2.1-4-4-4 4L1.9 12l4-4-4-4Z"
}

export interface Badge {
  readonly element: HTMLElement
  readonly show: (condition: Condition) => void
}

/** A badge that shows nothing yet. */
export const badge = (): Badge => {
  const path = svg("path", { "fill-rule": "evenodd" })
  const word = el("span")
  const element = el(
    "span",
    { class: "badge" },
    svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, path),
    word
  )
  return {
    element,
    show: (condition) => {
      setAttribute(element, "data-condition", condition)
      setAttribute(path, "d", shapes[condition])
      setText(word, conditionWords[condition])
    }
  }
}
