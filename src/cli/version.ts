/** The version of the package, of which the bundle is a part. */
import packageJson from "../../package.json" with { type: "json" }

export const version: string = packageJson.version
