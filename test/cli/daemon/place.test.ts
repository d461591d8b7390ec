import { describe, expect, it } from "vitest"
import {
  logFolder,
  placeIn,
  placeOfSocket,
  runtimeFolders,
  wrongName,
  wrongSocket
} from "../../../src/cli/daemon/place.ts"

const user = { home: "/home/ann", uid: 1000 }
const root = { home: "/root", uid: 0 }

describe("where daemons are", () => {
  it("is the session's runtime folder, and the state folder for who has no session", () => {
    expect(runtimeFolders({ ...user, env: { XDG_RUNTIME_DIR: "/run/user/1000" } }))
      .toEqual(["/run/user/1000/holdfast", "/home/ann/.local/state/holdfast/run"])
    expect(runtimeFolders({ ...user, env: {} })).toEqual(["/home/ann/.local/state/holdfast/run"])
    expect(runtimeFolders({ ...user, env: { XDG_STATE_HOME: "/state" } })).toEqual(["/state/holdfast/run"])
  })

  it("is /run/holdfast for root", () => {
    expect(runtimeFolders({ ...root, env: {} })).toEqual(["/run/holdfast"])
    expect(runtimeFolders({ ...root, env: { XDG_RUNTIME_DIR: "/run/user/0" } }))
      .toEqual(["/run/user/0/holdfast", "/run/holdfast"])
  })

  it("is where the flag or HOLDFAST_RUNTIME_DIR say, and nowhere else", () => {
    const env = { HOLDFAST_RUNTIME_DIR: "/there", XDG_RUNTIME_DIR: "/run/user/1000" }
    expect(runtimeFolders({ ...user, env })).toEqual(["/there"])
    expect(runtimeFolders({ ...user, env }, { flag: "/here", config: "/config" })).toEqual(["/here"])
    expect(runtimeFolders({ ...user, env }, { config: "/config" })).toEqual(["/there"])
    expect(runtimeFolders({ ...user, env: {} }, { config: "/config" })).toEqual(["/config"])
  })

  it("never minds an empty variable", () => {
    const env = { HOLDFAST_RUNTIME_DIR: "", XDG_RUNTIME_DIR: "", XDG_STATE_HOME: "" }
    expect(runtimeFolders({ ...user, env })).toEqual(["/home/ann/.local/state/holdfast/run"])
  })

  it("keeps logs with the state, and root's with the system's", () => {
    expect(logFolder({ ...user, env: {} })).toBe("/home/ann/.local/state/holdfast")
    expect(logFolder({ ...user, env: { XDG_STATE_HOME: "/state" } })).toBe("/state/holdfast")
    expect(logFolder({ ...root, env: {} })).toBe("/var/log/holdfast")
    expect(logFolder({ ...root, env: { XDG_STATE_HOME: "/state" } })).toBe("/state/holdfast")
  })

  it("is told by the socket alone", () => {
    expect(placeOfSocket("/run/holdfast/feed.sock")).toEqual(placeIn("/run/holdfast", "feed"))
    expect(placeOfSocket("/tmp/control").socket).toBe("/tmp/control")
    expect(placeOfSocket("/tmp/control").lock).toBe("/tmp/control.lock")
  })
})

describe("a name", () => {
  it.each(["feed", "feed-2", "a", "A.b_c", "x".repeat(64)])("may be %s", (name) => {
    expect(wrongName(name)).toBeUndefined()
  })

  it.each(["", "../feed", "a/b", ".hidden", "-f", "two words", "x".repeat(65), "feed.worker", "feed.last"])(
    "may not be \"%s\"",
    (name) => {
      expect(wrongName(name)).toMatchObject({ exit: "usage" })
    }
  )
})

describe("a socket's path", () => {
  it.runIf(process.platform === "linux")("has 107 bytes at most, and says so", () => {
    const path = (bytes: number) => `/tmp/${"x".repeat(bytes - 10)}.sock`
    expect(wrongSocket(path(107))).toBeUndefined()
    const wrong = wrongSocket(path(108))
    expect(wrong?.exit).toBe("usage")
    expect(wrong?.message).toContain("108 bytes")
    expect(wrong?.message).toContain("allows 107")
    // Bytes, not characters.
    expect(wrongSocket(`/tmp/${"ü".repeat(54)}`)).toBeDefined()
  })
})
