import type { Door, Peer } from '#manager/identity.ts'
import { type Pods, unknownCookie } from '#manager/pods.ts'
import { podName } from '#manager/request.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import type { KubePod } from './kube-pod.ts'
import type { NodePods } from './node-pods.ts'
import { asPod } from './resident.ts'

/** What letting callers in depends on. */
export interface AdmissionOptions {
  readonly nodePods: NodePods
  readonly pods: Pods
  readonly log: Log
  /** Ends what a pod has in the network namespace that it lived in before. */
  readonly leaveNamespace: (pod: Pod) => Promise<void>
  /** Milliseconds that the API server may be behind kubelet; default 3,000. */
  readonly waitMs?: number
}

const waitMs = 3000

/**
 * Tells `Pods` of the pod of a caller at first sight, with the network namespace that the kernel says it lives in; so
 * that `identify` finds it. DENIED:
 *
 * | the caller | why it is refused |
 * |---|---|
 * | is not visible from here | the manager has no hostPID |
 * | lies in no pod's cgroup, or in several pods' | nobody vouches for it |
 * | lies in a pod that the API server has not told of | it is not of this node, or has ended |
 * | lies in a pod with hostNetwork | what it asks for would be wired to the node |
 * | uses the workspace of another pod | it may not speak for that one, nor end what its own has |
 * | lives in a namespace that its pod has left | its sandbox was made anew |
 */
export class Admission {
  readonly #options: AdmissionOptions
  /** The network namespaces that pods lived in before, by uid. */
  readonly #left = new Map<string, Set<bigint>>()
  readonly #moving = new Map<string, Promise<void>>()

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  async admit(peer: Peer, door: Door): Promise<void> {
    const pod = await this.#podOf(peer, door)
    if (pod.hostNetwork)
      throw denied(
        peer,
        door,
        `${pod.namespace}/${pod.name} has hostNetwork: true, so it lives in the node's own network namespace and cannot be wired`,
      )
    // Before it may end anything: a workspace of another is no door to that pod.
    if (door.owner !== undefined && door.owner !== pod.uid)
      throw denied(
        peer,
        door,
        `it lives in pod ${pod.namespace}/${pod.name}, and the workspace belongs to another`,
      )
    for (let moving = this.#moving.get(pod.uid); moving !== undefined; moving = this.#moving.get(pod.uid))
      await moving
    const known = this.#options.pods.get(pod.uid)
    if (known?.netnsCookie === peer.netnsCookie) return
    if (this.#left.get(pod.uid)?.has(peer.netnsCookie) === true)
      throw denied(
        peer,
        door,
        `it lives in a network namespace that ${pod.namespace}/${pod.name} has left, since its sandbox was made anew`,
      )
    const moving = this.#enter(pod, known, peer.netnsCookie)
    this.#moving.set(pod.uid, moving)
    try {
      await moving
    } finally {
      this.#moving.delete(pod.uid)
    }
  }

  /** A pod is gone for good. */
  forget(uid: string): void {
    this.#left.delete(uid)
  }

  async #podOf(peer: Peer, door: Door): Promise<KubePod> {
    const { nodePods, waitMs: most = waitMs } = this.#options
    const { pid, podUids = [] } = peer
    if (pid === 0) throw denied(peer, door, 'it is not visible from here; the manager needs hostPID: true')
    if (podUids.length === 0) throw denied(peer, door, 'its cgroup is of no pod, or it has ended')
    const here = await this.#remembered(podUids)
    const [pod, ...others] = here ?? (await nodePods.known(podUids, AbortSignal.timeout(most)))
    if (pod === undefined)
      throw denied(
        peer,
        door,
        nodePods.isListed
          ? `the API server has told of no living pod ${podUids.join(' or ')} of this node within ${most} ms`
          : 'the pods of this node are not known yet, because the API server does not answer',
      )
    if (others.length > 0)
      throw denied(
        peer,
        door,
        `its cgroups are of ${others.length + 1} pods (${[pod, ...others].map(({ namespace, name }) => `${namespace}/${name}`).join(', ')}), so nobody knows which it is`,
      )
    return pod
  }

  /** While the list has never been complete, what the journal has is believed: the API server may be away for long. */
  async #remembered(uids: readonly string[]): Promise<readonly KubePod[] | undefined> {
    const { nodePods, pods } = this.#options
    if (nodePods.isListed || uids.some(uid => nodePods.get(uid) !== undefined)) return undefined
    const known = uids.flatMap(uid => pods.get(uid) ?? []).filter(({ name }) => name !== '')
    return known.length === 0
      ? undefined
      : known.map(pod => ({ ...pod, hostNetwork: false, isLeaving: false, hasEnded: false }))
  }

  async #enter(pod: KubePod, known: Pod | undefined, cookie: bigint): Promise<void> {
    const { pods, leaveNamespace, log } = this.#options
    // Without a namespace it is from a journal that cannot tell it: nothing says that the pod has left one.
    if (known !== undefined && known.netnsCookie !== unknownCookie) {
      this.#left.set(pod.uid, (this.#left.get(pod.uid) ?? new Set()).add(known.netnsCookie))
      log.info(
        { pod: podName(known) },
        `${podName(known)} has a new network namespace: its sandbox was made anew`,
      )
      await leaveNamespace(known)
    }
    pods.put(asPod(pod, cookie))
  }
}

function denied({ pid }: Peer, { workspace }: Door, why: string): NsmError {
  return new NsmError('DENIED', `identifying process ${pid} at workspace ${workspace}: ${why}`)
}
