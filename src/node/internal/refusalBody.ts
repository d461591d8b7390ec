/**
 * The beginning of a refusal's body, for people.
 */
import type { IncomingMessage } from "node:http"

/**
 * How long a body may keep us, in milliseconds: the status is known by then, and
 * a server that never finishes its body must not turn a 401 into a time-out, not
 * where the deadline is short either. What there is of it mostly comes with the
 * head.
 */
export const patience = 250

/**
 * Calls back once with the first `limit` bytes, when they are there, or the body
 * has ended, or patience has. The result cancels and never calls back.
 */
export const readBody = (
  response: IncomingMessage,
  limit: number,
  done: (body: Uint8Array) => void
): () => void => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  const onData = (chunk: Uint8Array) => {
    chunks.push(chunk)
    size += chunk.length
    if (size >= limit) finish()
  }
  const finish = () => {
    cancel()
    done(Buffer.concat(chunks).subarray(0, limit))
  }
  const timer = setTimeout(finish, patience)
  const cancel = () => {
    clearTimeout(timer)
    response.off("data", onData)
    response.off("end", finish)
    response.off("close", finish)
  }
  response.on("data", onData)
  response.on("end", finish)
  response.on("close", finish)
  return cancel
}
