import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { violations } from "../scripts/check-structure.ts"

const project = (files: Record<string, string>): string => {
  const root = mkdtempSync(join(tmpdir(), "holdfast-structure-"))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  return root
}

const tested = (files: Record<string, string>): Record<string, string> => ({
  ...files,
  ...Object.fromEntries(Object.keys(files).map((file) => [file.replace("src", "test").replace(".ts", ".test.ts"), ""]))
})

describe("the structure check", () => {
  it("passes a project in order", () => {
    const root = project({
      ...tested({
        "src/CloseCode.ts": "import * as Schema from \"effect/Schema\"\n",
        "src/Link.ts": "import * as CloseCode from \"./CloseCode.ts\"\nimport { a } from \"./internal/a.ts\"\n",
        "src/internal/a.ts": "import type { Connection } from \"../Connection.ts\"\n",
        "src/Connection.ts": "",
        "src/node/NodeTransport.ts": "import { connect } from \"node:net\"\nimport * as Link from \"../Link.ts\"\n"
      }),
      "src/index.ts": "export * as Link from \"./Link.ts\"\n"
    })
    expect(violations(root)).toEqual([])
  })

  it.each<[name: string, files: Record<string, string>, sentence: string]>([
    ["a module without a test", { "src/Link.ts": "" }, "src/Link.ts has no test beside it: test/Link.test.ts"],
    [
      "an import of a lower row",
      tested({ "src/Link.ts": "import type {\n  A\n} from \"./Connection.ts\"\n", "src/Connection.ts": "" }),
      "src/Link.ts imports src/Connection.ts: it stands in a lower row"
    ],
    [
      "an import of a lower row by way of src/internal",
      tested({
        "src/Link.ts": "import { a } from \"./internal/a.ts\"\n",
        "src/internal/a.ts": "import { a } from \"../Connection.ts\"\n",
        "src/Connection.ts": ""
      }),
      "src/Link.ts imports src/internal/a.ts: through it comes src/Connection.ts, which stands in a lower row"
    ],
    ["a module of no row", tested({ "src/Utils.ts": "" }), "src/Utils.ts stands in no row"],
    [
      "an import of src/node",
      tested({ "src/Link.ts": "export * from \"./node/NodeLink.ts\"\n", "src/node/NodeLink.ts": "" }),
      "src/Link.ts imports src/node/NodeLink.ts: the core knows no Node"
    ],
    [
      "an import of a Node built-in",
      tested({ "src/testing/TestTransport.ts": "import \"node:net\"\n" }),
      "src/testing/TestTransport.ts imports \"node:net\": the core knows no Node"
    ],
    ["an import of all of effect", tested({ "src/Link.ts": "import { Effect } from \"effect\"\n" }), "import deep"],
    ["a test that is left out", { "test/a.test.ts": ["it", "skip(\"\")"].join(".") }, "test/a.test.ts:1 leaves open"],
    ["what is left to do", { "examples/a.ts": ["\n// TO", "DO"].join("") }, "examples/a.ts:2 leaves open"]
  ])("reports %s", (_name, files, sentence) => {
    expect(violations(project(files))).toEqual([expect.stringContaining(sentence)])
  })
})
