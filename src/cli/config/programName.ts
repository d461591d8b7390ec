/**
 * What people know a command by: the name of its program, since arguments may be
 * long, or secret.
 */

// Variables that are set for one command stand before its name, and may be secret as well.
const assignments = String.raw`(?:\w+=(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])*\s+)*`
const name = new RegExp(String.raw`^\s*${assignments}([^\s"'=;|&<>()]+)(?=[\s;|&<>()]|$)`, "s")

/** The name of the program of a list, or of a line for the shell; `sh` where the line does not begin with one. */
export const programName = (command: string | ReadonlyArray<string>): string =>
  (typeof command === "string" ? name.exec(command)?.[1] : command[0]) ?? "sh"
