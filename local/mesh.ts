import type { Reviewer } from './admission/reviewer.ts'
import type { Controllers } from './controllers/controllers.ts'
import type { Node } from './nodes/node.ts'
import type { Store } from './objects/store.ts'
import type { Pods } from './pods/pods.ts'
import type { Changes } from './processes/changes.ts'
import type { Program } from './processes/program.ts'

/** A running mesh: what the control socket's services work with. */
export interface LocalMesh {
  readonly name: string
  readonly started: Date
  readonly nodes: readonly Node[]
  readonly programs: readonly Program[]
  readonly store: Store
  readonly pods: Pods
  readonly controllers: Controllers
  readonly review: Reviewer
  readonly changes: Changes
  /** Notes that were given; each is given once in the life of a mesh. */
  readonly given: Set<string>
}
