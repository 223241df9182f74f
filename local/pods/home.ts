import type { Netns } from '#kernel/netns.ts'
import type { Node } from '#local/nodes/node.ts'
import type { Wiring } from '#local/nodes/wired-pods.ts'
import type { MeshObject, ObjectName } from '#local/objects/object.ts'
import type { Log } from '#sdk/log.ts'

/** What a pod needs of the node and the mesh that it lives in. */
export interface Home {
  readonly node: Node
  readonly wiring: Wiring
  /** Makes a new namespace fit for a pod. */
  readonly prepare: (netns: Netns) => void
  readonly find: (name: ObjectName) => MeshObject | undefined
  /** Variables of every container. */
  readonly baseEnv: Readonly<Record<string, string>>
  /** Default time between SIGTERM and SIGKILL, in milliseconds. */
  readonly graceMs: number
  readonly changed: () => void
  readonly log: Log
}
