/**
 * Opens a sink of the config, whatever it is.
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { SinkPlan } from "../../config/RunConfig.ts"
import type { CliFailure } from "../../failure.ts"
import type { OpenSink } from "../queuedSink.ts"
import type { Tools } from "../workshop.ts"
import { commandSink } from "./command.ts"
import { connectionSink, websocketSink } from "./connection.ts"
import { fileSink } from "./file.ts"
import { httpSink } from "./http.ts"
import { pipeSink } from "./pipe.ts"
import { stdoutSink } from "./stdout.ts"

/** For the life of the scope. */
export const openSink = ({ name, sink }: SinkPlan): Effect.Effect<OpenSink, CliFailure, Tools | Scope.Scope> => {
  switch (sink.type) {
    case "stdout":
      return stdoutSink(name, sink)
    case "file":
      return fileSink(name, sink)
    case "command":
      return commandSink(name, sink)
    case "pipe":
      return pipeSink(name, sink)
    case "http":
      return httpSink(name, sink)
    case "connection":
      return connectionSink(name, sink)
    case "websocket":
      return websocketSink(name, sink)
  }
}
