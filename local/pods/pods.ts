import type { PodObject } from '#local/objects/object.ts'
import { NsmError } from '#sdk/errors.ts'
import { chooseNode } from './choose-node.ts'
import type { Home } from './home.ts'
import { Pod, type PodOwner } from './pod.ts'

/** The pods of the mesh, by namespace and name, in order of creation. */
export class Pods {
  readonly #homes: ReadonlyMap<string, Home>
  readonly #pods = new Map<string, Pod>()
  readonly #changed: () => void

  /** `homes` by the names of their nodes; `changed` is called when the set of pods changes. */
  constructor(homes: ReadonlyMap<string, Home>, changed: () => void) {
    this.#homes = homes
    this.#changed = changed
  }

  list(): readonly Pod[] {
    return [...this.#pods.values()]
  }

  find(namespace: string, name: string): Pod | undefined {
    return this.#pods.get(`${namespace}/${name}`)
  }

  /** Throws NOT_FOUND. */
  get(namespace: string, name: string): Pod {
    const pod = this.find(namespace, name)
    if (pod !== undefined) return pod
    throw new NsmError('NOT_FOUND', `no pod ${name} in namespace ${namespace}; nsm ps lists what there is`)
  }

  /** Puts an admitted pod on a node and starts it. Throws BAD_INPUT when no node is fit for it. */
  add(object: PodObject, owner?: PodOwner): Pod {
    const others = this.list().map(pod => ({
      namespace: pod.object.metadata.namespace,
      labels: pod.object.metadata.labels ?? {},
      node: pod.node,
    }))
    const node = chooseNode(object, [...this.#homes.keys()], others)
    const home = this.#homes.get(node)
    if (home === undefined) throw new NsmError('INTERNAL', `node ${node} has no home for pods`)
    const pod = new Pod(object, home, owner)
    this.#pods.set(`${object.metadata.namespace}/${object.metadata.name}`, pod)
    pod.start()
    this.#changed()
    return pod
  }

  /** Removes a pod; resolves when nothing is left of it. */
  async remove(pod: Pod): Promise<void> {
    const { namespace, name } = pod.object.metadata
    await pod.remove()
    if (this.find(namespace, name) === pod) this.#pods.delete(`${namespace}/${name}`)
    this.#changed()
  }

  /** Tells a manager that was restarted of the pods of its node. */
  async announceAll(node: string): Promise<void> {
    await Promise.all(
      this.list()
        .filter(pod => pod.node === node && pod.phase !== 'Terminating')
        .map(pod => pod.announce()),
    )
  }
}
