// Waiting for a condition over plain state, without a clock.
import * as Effect from "effect/Effect"

export class Notice {
  private readonly waiting = new Set<() => void>()

  /** Something changed. */
  notify(): void {
    for (const look of [...this.waiting]) look()
  }

  /** Succeeds with what `look` finds, as soon as it finds something. */
  when<A>(look: () => A | undefined): Effect.Effect<A> {
    return Effect.callback<A>((resume) => {
      const again = () => {
        const found = look()
        if (found === undefined) return
        this.waiting.delete(again)
        resume(Effect.succeed(found))
      }
      this.waiting.add(again)
      again()
      return Effect.sync(() => this.waiting.delete(again))
    })
  }
}
