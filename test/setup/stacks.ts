// Where something was started. Taking a stack is cheap as long as nobody reads it.

/** The innermost frames, of which nothing is put into words yet. */
export const shortStack = (frames: number): Error => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = frames
  const error = new Error("started")
  Error.stackTraceLimit = limit
  return error
}

/** The frames in our own files. */
export const describeStack = (stack: Error): string => {
  const frames = (stack.stack ?? "").split("\n").slice(1).map((line) => line.trim())
  const ours = frames.filter((line) =>
    /\.ts:\d+/.test(line) && !/node_modules|node:|test\/setup\/(live|leak|stacks)/.test(line)
  )
  return ours.length === 0 ? "" : `, started ${ours.slice(0, 3).join(" ")}`
}
