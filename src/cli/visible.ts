/**
 * Texts of others on a terminal: what a peer, a certificate or a file says must
 * not move the cursor, change the colours or set the title.
 */

/** The text, with its control characters written out; line breaks and tabs stay. */
export const visible = (text: string): string => text.replace(controls, written)

/** The same, where colours of our own stay, too. */
export const visibleAndColoured = (text: string): string =>
  text.replace(coloursAndControls, (found) => found.length > 1 ? found : written(found))

/** As JSON on one line, which is the same value to a program. */
export const visibleJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[\x7f-\x9f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`)

const written = (control: string): string => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`

// oxlint-disable-next-line no-control-regex -- those are what is looked for
const controls = /[\0-\x08\x0b-\x1f\x7f-\x9f]/g

// oxlint-disable-next-line no-control-regex -- those are what is looked for
const coloursAndControls = /\x1b\[[\d;]*m|[\0-\x08\x0b-\x1f\x7f-\x9f]/g
