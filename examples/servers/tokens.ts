// Lets in whoever shows the token of the day, and refuses everybody else with 401.
import { Effect } from "effect"
import { listen } from "./listen.ts"

export const tokenServer = Effect.gen(function*() {
  let valid = "of-today"
  let handshakes = 0
  const { url } = yield* listen({
    verifyClient: ({ req }, answer) => {
      handshakes++
      if (req.headers.authorization === `Bearer ${valid}`) answer(true)
      else answer(false, 401)
    },
    onConnection: (socket) => socket.send("welcome")
  })
  return {
    url,
    /** What an identity provider would do: gives the token that is good now. */
    issue: Effect.sync(() => valid),
    /** From now on nobody is let in, whatever token was issued. */
    revoke: Effect.sync(() => {
      valid = crypto.randomUUID()
      return undefined
    }),
    handshakes: Effect.sync(() => handshakes)
  }
})
