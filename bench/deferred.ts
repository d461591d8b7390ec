/** A promise that is settled from outside. */
export interface Deferred<A> {
  readonly promise: Promise<A>
  readonly resolve: (value: A) => void
  readonly reject: (reason: unknown) => void
}

export const deferred = <A = void>(): Deferred<A> => {
  let settle: Pick<Deferred<A>, "resolve" | "reject">
  const promise = new Promise<A>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, ...settle! }
}
