// Serves the page of examples/browser, bundled with esbuild, and a WebSocket that counts and answers "ping".
import { Effect } from "effect"
import * as esbuild from "esbuild"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { listen, textOf } from "./listen.ts"

const file = (name: string) => fileURLToPath(new URL(`../browser/${name}`, import.meta.url))

const bundle = Effect.promise(async () => {
  const { outputFiles } = await esbuild.build({
    entryPoints: [file("page.ts")],
    bundle: true,
    format: "esm",
    minify: true,
    write: false
  })
  await esbuild.stop()
  return outputFiles[0]?.text ?? ""
})

export const pageServer = Effect.gen(function*() {
  const script = yield* bundle
  const html = readFileSync(file("index.html"))
  let count = 0
  const server = yield* listen({
    onRequest: (request, response) => {
      if (request.url === "/") response.setHeader("content-type", "text/html").end(html)
      else if (request.url === "/page.js") response.setHeader("content-type", "text/javascript").end(script)
      else response.writeHead(404).end()
    },
    onConnection: (socket) => {
      const counting = setInterval(() => socket.send(`number ${++count}`), 100)
      socket.on("message", (data) => textOf(data) === "ping" && socket.send("pong"))
      socket.on("close", () => clearInterval(counting))
    }
  })
  return { ...server, page: server.url.replace("ws:", "http:"), kilobytes: Math.ceil(script.length / 1000) }
})
