import { describe, expect, it } from "vitest"
import { unit } from "../../../src/cli/systemd/unit.ts"

const made = (changes: Partial<Parameters<typeof unit>[0]> = {}) =>
  unit({
    name: "feeds",
    command: ["/usr/bin/node", "/opt/holdfast/index.js", "run", "/etc/feeds.toml"],
    user: false,
    ...changes
  })

describe("a unit", () => {
  it("waits to be told that the service is ready, by whichever process", () => {
    expect(made()).toContain("\nType=notify\n")
    expect(made()).toContain("\nNotifyAccess=all\n")
  })

  it("starts the command with absolute paths", () => {
    expect(made()).toContain("\nExecStart=/usr/bin/node /opt/holdfast/index.js run /etc/feeds.toml\n")
  })

  it("does not start again what a person has to mend", () => {
    expect(made()).toContain("\nRestartPreventExitStatus=2 10 11 12 21\n")
    expect(made()).toContain("\nRestart=on-failure\n")
  })

  it("belongs to the system or to a user", () => {
    expect(made()).toContain("\nWantedBy=multi-user.target\n")
    expect(made({ user: true })).toContain("\nWantedBy=default.target\n")
  })

  it("quotes what systemd would take apart or expand", () => {
    const text = made({ name: "100%", command: ["/usr/bin/node", `/my "feeds"/50%/$HOME.toml`] })
    expect(text).toContain(`\nExecStart=/usr/bin/node "/my \\"feeds\\"/50%%/$$HOME.toml"\n`)
    expect(text).toContain("of 100%%\n")
  })
})
