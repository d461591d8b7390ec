// The process of one measurement: `node bench/client.ts <workload> <setting as JSON>`. Its last line is the sample.
import type { Setting } from "./types.ts"
import { workloads } from "./workloads/index.ts"

const [id, setting] = process.argv.slice(2)
const workload = workloads.find((one) => one.id === id)
if (workload === undefined || setting === undefined) throw new Error(`there is no workload "${id}"`)

const sample = await workload.measure(JSON.parse(setting) as Setting)
process.stdout.write(`${JSON.stringify(sample)}\n`, () => process.exit())
