/**
 * The `token` of RFC 9110 §5.6.2, of which header names, subprotocols and
 * extensions are made.
 */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Whether the text is a token. */
export const isToken = (text: string): boolean => token.test(text)
