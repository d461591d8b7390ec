// Colours, where there is somebody to see them: on a terminal or with FORCE_COLOR, never with NO_COLOR.
import { styleText } from "node:util"

const { FORCE_COLOR = "", NO_COLOR = "" } = process.env
const coloured = NO_COLOR === "" && (FORCE_COLOR === "" ? process.stdout.isTTY : FORCE_COLOR !== "0")

export const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
  coloured ? styleText(style, text, { validateStream: false }) : text

export const print = (line = ""): void => {
  process.stdout.write(`${line}\n`)
}
