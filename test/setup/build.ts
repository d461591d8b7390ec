// Some tests run the package as it is published, so dist/ must be as new as src/.
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

export default function setup(): void {
  const script = fileURLToPath(new URL("../../scripts/build.ts", import.meta.url))
  const { status } = spawnSync(process.execPath, [script], { stdio: ["ignore", "inherit", "inherit"] })
  // The other tests run the sources and need no types; `npm run check` is where a type error ends the run.
  if (status !== 0) process.stderr.write("The build has type errors, see above. The tests run all the same.\n")
}
