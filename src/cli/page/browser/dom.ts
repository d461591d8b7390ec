/**
 * Elements, and nothing that reads markup: what a server calls itself, and what
 * it says, becomes text and attributes only.
 */

type Child = Node | string | undefined

/** Attributes by name; `true` for one without a value, `undefined` and `false` for none. */
export interface Attributes {
  readonly [name: string]: string | number | boolean | undefined
}

/** An element of HTML. */
export const el = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: ReadonlyArray<Child>
): HTMLElementTagNameMap[K] => dress(document.createElement(tag), attributes, children)

/** An element of SVG. */
export const svg = <K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: ReadonlyArray<Child>
): SVGElementTagNameMap[K] => dress(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children)

const dress = <E extends Element>(element: E, attributes: Attributes, children: ReadonlyArray<Child>): E => {
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value)
  element.append(...children.filter((child) => child !== undefined))
  return element
}

/** Writes an attribute where it is another one: what does not change is not painted again, nor read out again. */
export const setAttribute = (element: Element, name: string, value: Attributes[string]): void => {
  const wanted = value === undefined || value === false ? null : value === true ? "" : String(value)
  if (element.getAttribute(name) === wanted) return
  if (wanted === null) element.removeAttribute(name)
  else element.setAttribute(name, wanted)
}

/** Writes a text where it is another one. */
export const setText = (element: Element, text: string): void => {
  if (element.textContent !== text) element.textContent = text
}

/** Shows an element, or hides it from everybody. */
export const setShown = (element: HTMLElement, shown: boolean): void => {
  if (element.hidden === shown) element.hidden = !shown
}
