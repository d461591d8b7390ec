/**
 * Makes the socket of a dial.
 */
import * as net from "node:net"
import * as tls from "node:tls"

/** What `ws` hands to `createConnection`. */
export type ConnectOptions = net.TcpNetConnectOpts & tls.ConnectionOptions & {
  readonly socketPath?: string | undefined
}

/** As `ws` and Node connect, but the socket is known from its first moment. */
export const connectSocket = (options: ConnectOptions, secure: boolean): net.Socket => {
  if (!secure) {
    const { socketPath } = options
    const path = socketPath === undefined ? undefined : decoded(socketPath)
    return net.connect({ ...options, path } as net.NetConnectOpts)
  }
  const servername = options.servername ?? (net.isIP(options.host ?? "") === 0 ? options.host : "")
  return tls.connect({ ...options, path: undefined, servername } as tls.ConnectionOptions)
}

/** A path as the file system has it: a url cannot hold a blank, and a colon would end it. */
const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
