// Files and processes of Node, without its terminal: that would open stdin, which the leak guard counts.
import * as NodeChildProcessSpawner from "@effect/platform-node/NodeChildProcessSpawner"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as Path from "effect/Path"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"

/** What tests of files and processes need. */
export type Platform = FileSystem.FileSystem | Path.Path | ChildProcessSpawner

const files = Layer.merge(NodeFileSystem.layer, NodePath.layer)

export const layer: Layer.Layer<Platform> = Layer.provideMerge(NodeChildProcessSpawner.layer, files)
