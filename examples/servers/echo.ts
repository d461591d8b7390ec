// Answers every message with itself.
import { listen } from "./listen.ts"

export const echoServer = listen({
  onConnection: (socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }))
  }
})
