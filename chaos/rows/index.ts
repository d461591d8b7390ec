// Every row, in the order in which they run and are tabled.
import type { Row } from "../row.ts"
import { cable } from "./cable.ts"
import { haproxy } from "./haproxy.ts"
import { leaving } from "./leaving.ts"
import { nginx } from "./nginx.ts"
import { server } from "./server.ts"
import { wire } from "./wire.ts"

export interface Part {
  readonly title: string
  readonly with: string
  readonly rows: ReadonlyArray<Row>
}

export const parts: ReadonlyArray<Part> = [
  {
    title: "The server itself",
    with: "A server in a process of its own, which is stopped, killed and started.",
    rows: server
  },
  {
    title: "A spoilt wire",
    with: "A TCP proxy between the two, which splits, delays, stalls, truncates and resets.",
    rows: wire
  },
  {
    title: "A cable",
    with:
      "Two network namespaces and a cable between them; packets are dropped by nftables, the line is slowed by tbf.",
    rows: cable
  },
  { title: "nginx", with: "nginx as Debian ships it, with one worker.", rows: nginx },
  { title: "HAProxy", with: "HAProxy as Debian ships it, as master and worker.", rows: haproxy },
  { title: "Leaving", with: "A client in a process of its own, which must end by itself.", rows: leaving }
]
