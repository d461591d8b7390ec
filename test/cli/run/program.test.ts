import { describe, expect, it } from "vitest"
import { program } from "../../../src/cli/run/program.ts"

describe("a program", () => {
  it("is a line for the shell, or a list", () => {
    expect(program("a | b", {})).toMatchObject({ command: "a | b", args: [], options: { shell: "/bin/sh" } })
    expect(program(["a", "b c"], {})).toMatchObject({ command: "a", args: ["b c"] })
    expect(program(["a"], {})).not.toMatchObject({ options: { shell: expect.anything() } })
  })
})
