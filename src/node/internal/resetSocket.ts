/**
 * Ends TCP with a reset, so that the kernel forgets what it has not sent.
 *
 * After `destroy` it goes on sending for minutes what it still holds. Where a dead link comes back to life, those frames
 * would arrive behind the ones of the next session.
 */
import type { Socket } from "node:net"

/** Node's TCP handle; that of a TLS socket is below the one it shows. */
interface Handle {
  readonly _parent?: Handle
  readonly reset?: (done: () => void) => number
  close: (done: () => void) => void
}

/**
 * Destroys the socket, by a reset where it is TCP: a Unix socket, or an agent's own stream, is only destroyed; so is one
 * that is being ended, of which Node would never free the handle.
 */
export const resetSocket = (socket: Socket): void => {
  if (!socket.writableEnded) closeByReset(socket)
  socket.destroy()
}

// `resetAndDestroy` is not for TLS, whose close frees more than the handle and ends here.
const closeByReset = (socket: Socket): void => {
  const { _handle: handle } = socket as { readonly _handle?: Handle | null }
  const tcp = handle?._parent ?? handle
  const reset = tcp?.reset
  if (tcp == null || typeof reset !== "function") return
  tcp.close = (done) => void reset.call(tcp, done)
}
