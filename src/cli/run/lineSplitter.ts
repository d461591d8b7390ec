/**
 * Lines out of bytes that come in pieces.
 */
import { StringDecoder } from "node:string_decoder"

/** The longest line that is taken, in characters: a source without line breaks must not fill the memory. */
export const longestLine = 16 * 1024 * 1024

export class LineSplitter {
  private decoder = new StringDecoder("utf8")
  private rest = ""
  private skipping = false
  /** Lines that were too long, and were left out. */
  skipped = 0

  /** The lines that these bytes complete, without their ends. */
  push(bytes: Uint8Array): ReadonlyArray<string> {
    return this.split(this.decoder.write(bytes))
  }

  /** What stands after the last line break; the next bytes begin anew. */
  end(): ReadonlyArray<string> {
    const lines = this.split(this.decoder.end())
    const last = this.skipping || this.rest === "" ? [] : [this.rest]
    this.reset()
    return [...lines, ...last]
  }

  /** Forgets what is incomplete. */
  reset(): void {
    this.decoder = new StringDecoder("utf8")
    this.rest = ""
    this.skipping = false
  }

  private split(text: string): ReadonlyArray<string> {
    const lines = text.split("\n")
    const last = lines.pop() ?? ""
    if (lines.length > 0) {
      lines[0] = this.rest + lines[0]
      this.rest = ""
      if (this.skipping) lines.shift()
      this.skipping = false
    }
    this.rest += last
    if (this.rest.length > longestLine) {
      if (!this.skipping) this.skipped++
      this.skipping = true
      this.rest = ""
    }
    return lines.map((line) => line.endsWith("\r") ? line.slice(0, -1) : line)
  }
}
