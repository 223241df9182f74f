import { NsmError } from '#sdk/errors.ts'
import type { Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import type { Pods } from './pods.ts'
import type { Caller } from './request.ts'

/** What the kernel says of the process at the other end of a socket. */
export interface Peer {
  /** 0 when it is not visible from the manager's pid namespace. */
  readonly pid: number
  readonly netnsCookie: bigint
  /** On Kubernetes: the pods whose cgroup it lies in. */
  readonly podUids?: readonly string[]
}

/** The door that a caller came through. */
export interface Door {
  readonly workspace: string
  /** Uid of the pod that the workspace belongs to; undefined until its first use when the runner did not say. */
  readonly owner: string | undefined
}

/** How to know callers. */
export interface IdentityOptions {
  readonly pods: Pods
  /** The node's own network namespace, whose pods are refused; undefined refuses nobody. */
  readonly nodeCookie?: bigint | undefined
}

/**
 * Names the pod that calls, from its network namespace, which the kernel vouches for, and the workspace. DENIED:
 *
 * | the caller's namespace | why it is refused |
 * |---|---|
 * | is the node's own | what it asks for would be wired to the node |
 * | is of no pod that the runner told of | nobody vouches for it |
 * | is of several pods | they share it, as hostNetwork pods do |
 * | is not that of the workspace's pod | it uses the workspace of another |
 */
export function identify(peer: Peer, door: Door, { pods, nodeCookie }: IdentityOptions): Pod {
  const living = pods.inNamespace(peer.netnsCookie)
  const owner = living.find(pod => pod.uid === door.owner)
  if (nodeCookie === undefined && owner !== undefined) return owner
  if (peer.netnsCookie === nodeCookie)
    throw denied(
      peer,
      door,
      "it lives in the node's own network namespace; a pod with hostNetwork cannot be wired",
    )
  const [pod, ...others] = living
  if (pod === undefined)
    throw denied(
      peer,
      door,
      'its network namespace is of no pod that this manager was told of; the runner tells of a pod before its containers start',
    )
  if (others.length > 0)
    throw denied(peer, door, `${living.length} pods share its network namespace, as pods with hostNetwork do`)
  if (door.owner !== undefined && pod.uid !== door.owner)
    throw denied(
      peer,
      door,
      `it lives in pod ${pod.namespace}/${pod.name}, and the workspace belongs to another`,
    )
  return pod
}

/** The pod as the caller of a request; the pid is only a hint for finding its namespace. */
export function podCaller(pod: Pod, peer: Peer): Caller {
  const hint = peer.pid > 0 ? { pidHint: peer.pid } : {}
  return { kind: 'pod', pod, netns: { cookie: pod.netnsCookie, ...hint } }
}

function denied({ pid }: Peer, { workspace }: Door, why: string): NsmError {
  return new NsmError('DENIED', `identifying process ${pid} at workspace ${workspace}: ${why}`)
}
