/**
 * How daemons and their connections are told to people.
 */
import type { ConnectionReport, Ending, Traffic } from "../fleet/ConnectionReport.ts"
import { duration } from "../inWords.ts"
import type { Output, Style } from "../output.ts"
import { visible } from "../visible.ts"
import type { Condition } from "./condition.ts"
import { readable } from "./logs.ts"
import type { DaemonReport } from "./protocol.ts"
import { millisOf } from "./time.ts"

type Paint = Output["Service"]["paint"]

/** A daemon, in lines. */
export const statusText = (condition: Condition, paint: Paint): string => {
  const { name } = condition
  switch (condition._tag) {
    case "running":
      return runningText(condition.report, paint)
    case "dead": {
      const { last, pid } = condition
      return [
        `${paint("bold", name, "stdout")}  ${paint("red", "dead", "stdout")}${
          pid === undefined ? "" : `  pid ${pid} is gone`
        }`,
        ...(last === undefined ? [] : [
          `  ended     ${last.end.at}: ${visible(last.message)}`,
          `  restarts  ${last.restarts}`,
          `  log       ${last.log}`,
          ...last.end.stderr.slice(-5).map((line) => `  stderr    ${readable(line, paint)}`)
        ])
      ].join("\n")
    }
    case "stopped":
      return `${paint("bold", name, "stdout")}  not running`
    case "unknown":
      return `${paint("bold", name, "stdout")}  ${paint("yellow", "unknown", "stdout")}  ${condition.message}`
  }
}

const runningText = (report: DaemonReport, paint: Paint): string => {
  const { config, http, log, name, pid, state, uptime, worker } = report
  const style: Style = state === "running" ? "green" : state === "unresponsive" ? "red" : "yellow"
  const lost = log !== undefined && log.lostLines > 0 ? `  ${log.lostLines} lines lost: ${log.error ?? "unknown"}` : ""
  return [
    `${paint("bold", name, "stdout")}  ${paint(style, state, "stdout")} for ${duration(uptime)}  pid ${pid}${
      worker?.pid === undefined ? "" : `, worker ${worker.pid}`
    }, ${worker?.restarts ?? 0} restarts`,
    `  config    ${config}`,
    ...(http === undefined ? [] : [`  page      ${http}`]),
    ...(log === undefined ? [] : [`  log       ${log.file}${lost === "" ? "" : paint("red", lost, "stdout")}`]),
    ...(worker?.last === undefined ? [] : [`  crashed   ${worker.last.at}: ${visible(worker.last.message)}`]),
    ...(worker?.nextStartAt === undefined ? [] : [`  next      start of the worker at ${worker.nextStartAt}`]),
    ...report.connections.map((connection) => connectionText(connection, paint))
  ].join("\n")
}

const stateStyle: Record<ConnectionReport["state"], Style> = {
  Open: "green",
  Connecting: "yellow",
  Waiting: "yellow",
  Closing: "yellow",
  Closed: "red"
}

/** One connection, in lines. */
const connectionText = (connection: ConnectionReport, paint: Paint): string => {
  const { attempt, dials, endpoint, last, name, received, rtt, sent, sessions, state } = connection
  const age = agesOf(connection)
  return [
    `  ${paint("bold", name, "stdout")}  ${paint(stateStyle[state], state, "stdout")} for ${age.state}  ${endpoint}`,
    `    sessions ${sessions}, dials ${dials}${state === "Open" ? "" : `, attempt ${attempt}`}${
      connection.nextDialAt === undefined ? "" : `, next dial in ${age.nextDial}`
    }${connection.paused ? ", paused" : ""}`,
    `    in ${traffic(received)}, out ${traffic(sent)}${
      connection.dropped === 0 ? "" : `, dropped ${connection.dropped}`
    }`,
    `    last byte ${age.byte}, last message ${age.message}${
      rtt === undefined ? "" : `, RTT ${rounded(rtt.p50)} ms (p50) ${rounded(rtt.p99)} ms (p99)`
    }`,
    ...(last === undefined ? [] : [`    last end ${endingText(last)}`])
  ].join("\n")
}

const endingText = ({ at, code, initiator, message }: Ending): string => {
  const by = initiator === undefined ? "" : initiator === "self" ? ", by us" : ", by the peer"
  return `${at}${code === undefined ? "" : `, ${code}`}${by}: ${message}`
}

/** The two clocks, and two more. */
const agesOf = ({ at, lastByteAge, lastMessageAge, nextDialAt, since }: ConnectionReport) => ({
  state: duration(millisOf(at) - millisOf(since)),
  nextDial: nextDialAt === undefined ? "-" : duration(millisOf(nextDialAt) - millisOf(at)),
  byte: lastByteAge === undefined ? "-" : `${duration(lastByteAge)} ago`,
  message: lastMessageAge === undefined ? "-" : `${duration(lastMessageAge)} ago`
})

const rounded = (millis: number): string => millis < 10 ? millis.toFixed(1) : millis.toFixed(0)

const traffic = ({ bytes, messages }: Traffic): string => `${messages} (${size(bytes)})`

/** Bytes, for people. */
export const size = (bytes: number): string => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"]
  const step = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${step === 0 ? bytes : (bytes / 1024 ** step).toFixed(1)} ${units[step]}`
}

/** The connections of all daemons that run, as a table. */
export const connectionsText = (conditions: ReadonlyArray<Condition>, paint: Paint): string => {
  const running = conditions.flatMap((condition) => condition._tag === "running" ? [condition.report] : [])
  const head = ["CONNECTION", "STATE", "FOR", "RTT", "IN", "OUT", "LAST BYTE", "LAST MESSAGE", "ENDPOINT"]
  const rows = running.flatMap(({ connections, name }) =>
    connections.map((connection) => {
      const age = agesOf(connection)
      return [
        running.length > 1 ? `${name}/${connection.name}` : connection.name,
        connection.state,
        age.state,
        connection.rtt === undefined ? "-" : `${rounded(connection.rtt.p50)} ms`,
        traffic(connection.received),
        traffic(connection.sent),
        age.byte,
        age.message,
        connection.endpoint
      ]
    })
  )
  if (rows.length === 0) return ""
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const pad = (cell: string, column: number) => cell.padEnd(widths[column] ?? 0)
  return [
    paint("bold", head.map(pad).join("  ").trimEnd(), "stdout"),
    ...rows.map((row) =>
      row.map((cell, column) => {
        const style = column === 1 ? stateStyle[cell as ConnectionReport["state"]] : undefined
        return style === undefined ? pad(cell, column) : paint(style, pad(cell, column), "stdout")
      }).join("  ").trimEnd()
    )
  ].join("\n")
}
