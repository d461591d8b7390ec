import { describe, expect, it } from "vitest"
import { programName } from "../../../src/cli/config/programName.ts"

describe("a command", () => {
  it("is known by its program alone", () => {
    expect(programName("  curl -H 'token: x'")).toBe("curl")
    expect(programName(["curl", "-H", "token: x"])).toBe("curl")
    expect(programName("jq|tee x")).toBe("jq")
  })

  it("is not known by the variables that are set for it, which may be secret", () => {
    expect(programName("API_KEY=s3cr3t ./send.sh")).toBe("./send.sh")
    expect(programName(`A="s3 \\" cr3t" B='s3 cr3t' C=s\\ 3 send`)).toBe("send")
    expect(programName("API_KEY=s3cr3t")).toBe("sh")
    expect(programName(`"/opt/my programs/send" x`)).toBe("sh")
    expect(programName("")).toBe("sh")
  })
})
