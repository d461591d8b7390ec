/**
 * The `token` of RFC 9110 §5.6.2, of which header names, subprotocols and
 * extensions are made.
 */
const characters = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]*/

/** The text up to its first character that a token may not have. */
export const tokenPrefix = (text: string): string => characters.exec(text)?.[0] ?? ""

/** Whether the text is a token; an empty one is not. */
export const isToken = (text: string): boolean => text !== "" && tokenPrefix(text).length === text.length
