import { join } from 'node:path'
import { type ControlProgram, controlDaemon, startControl, untilApiReady } from './control-plane.ts'
import { type ClusterFacts, ownOf } from './facts.ts'
import { bootNode, crashNode, type NodeProgram, setCable, startOnNode, stopOnNode } from './node.ts'
import { stopDaemon } from './space.ts'
import { storeMesh } from './store-images.ts'

/** What a test can break in a cluster of its own making, and mend. */
export interface Faults {
  /** SIGTERM to a program of a node; resolves when it is gone. Containers go on without kubelet and containerd. */
  stop(node: string, program: NodeProgram): Promise<void>
  start(node: string, program: NodeProgram): Promise<void>
  /** SIGKILL to a program of the control plane. */
  stopControl(program: ControlProgram): Promise<void>
  /** Resolves when the API server answers. */
  startControl(program: ControlProgram): Promise<void>
  /** Pulls the network cable of a node, or puts it back. */
  setCable(node: string, state: 'up' | 'down'): Promise<void>
  /** Takes the power from a node; its disk stays. */
  crash(node: string): Promise<void>
  /** Gives it power again. */
  boot(node: string): Promise<void>
  /** Makes the images of dist/, as it is now, known under a tag. */
  publish(tag: string): Promise<void>
}

/** Of this cluster; each throws on one that the tests did not make. */
export function faultsOf(facts: ClusterFacts): Faults {
  const { nodes } = facts
  const own = () => ownOf(facts)
  const indexOf = (node: string) => nodes.indexOf(node) + 1
  return {
    stop: (node, program) => stopOnNode(own(), indexOf(node), program),
    start: (node, program) => startOnNode(own(), indexOf(node), program),
    stopControl: program => stopDaemon(controlDaemon(own(), program), 'KILL'),
    async startControl(program) {
      await startControl(own(), program)
      if (program === 'apiserver') await untilApiReady(own())
    },
    setCable: (node, state) => setCable(own(), indexOf(node), state),
    crash: node => crashNode(own(), indexOf(node)),
    boot: node => bootNode({ facts: own(), index: indexOf(node), count: nodes.length }),
    publish: tag => storeMesh(join(own().folder, 'images'), tag),
  }
}
