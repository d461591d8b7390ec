#!/usr/bin/env node
/** The command `holdfast`. */
import { main } from "./main.ts"

main(process.argv.slice(2))
