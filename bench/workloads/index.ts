// The rows of the table, in their order.
import type { Workload } from "../types.ts"
import { bundleSize } from "./bundleSize.ts"
import { churn } from "./churn.ts"
import { echoMany, echoOne } from "./echo.ts"
import { idle } from "./idle.ts"
import { importTime } from "./importTime.ts"
import { inboundBinary } from "./inboundBinary.ts"
import { inboundJson } from "./inboundJson.ts"
import { inboundProtocol } from "./inboundProtocol.ts"
import { inboundText } from "./inboundText.ts"
import { outboundText } from "./outboundText.ts"
import { recovery } from "./recovery.ts"
import { stalledPeer } from "./stalledPeer.ts"

export const workloads: ReadonlyArray<Workload> = [
  inboundText,
  inboundJson,
  inboundProtocol,
  inboundBinary,
  outboundText,
  echoOne,
  echoMany,
  idle,
  stalledPeer,
  churn,
  recovery,
  importTime,
  bundleSize
]
