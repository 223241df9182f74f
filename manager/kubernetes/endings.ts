import { create } from '@bufbuild/protobuf'
import type { Connections } from '#manager/connections.ts'
import type { Monitor } from '#manager/monitor.ts'
import type { Pods } from '#manager/pods.ts'
import { podName, type Wired } from '#manager/request.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { MonitorScopeSelectorSchema, State } from '#sdk/wire/gen/connection/connection_pb.ts'
import { type Pod, PodSchema } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import type { NodePods } from './node-pods.ts'
import { asPod, isSamePod } from './resident.ts'

/** What ending pods depends on. */
export interface EndingsOptions {
  readonly nodePods: NodePods
  readonly pods: Pods
  readonly connections: Connections
  readonly monitor: Monitor
  /** Takes a pod's endpoints out of the registry, and leaves its connections. */
  readonly withdraw: (pod: Pod) => Promise<void>
  /** Ends all that a pod has. */
  readonly forget: (pod: Pod) => Promise<void>
  /** Closes the workspaces whose owner is no pod. */
  readonly closeUnless: (isPod: (uid: string) => boolean) => Promise<void>
  readonly onForgotten: (uid: string) => void
  readonly log: Log
  /** Milliseconds that the links of a pod may outlive its object; default a minute. */
  readonly waitMs?: number
}

const waitMs = 60_000

/**
 * Ends what a pod has when both its object and its network namespace are gone: a pod that was deleted by force, or whose node
 * was cut off, may run on. The forwarder tells of the namespace, by ending the pod's connections. Without connections, or
 * after a minute, the object alone decides.
 */
export class Endings implements AsyncDisposable {
  readonly #options: EndingsOptions
  readonly #ending = new Map<string, Promise<void>>()
  readonly #stop = new AbortController()
  readonly #following: Disposable

  constructor(options: EndingsOptions) {
    const { nodePods, pods } = options
    this.#options = options
    this.#following = nodePods.follow({
      changed: pod => {
        const kept = pods.get(pod.uid)
        if (kept !== undefined && !isSamePod(kept, pod)) pods.put(asPod(pod, kept.netnsCookie))
      },
      ended: uid => this.#end(uid),
      listed: () => void this.#compare(),
    })
    if (nodePods.isListed) void this.#compare()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#following[Symbol.dispose]()
    this.#stop.abort()
    await Promise.all(this.#ending.values())
  }

  /** The list of the API server is the truth about pods that ended while nobody looked. */
  async #compare(): Promise<void> {
    const { nodePods, pods, closeUnless, log } = this.#options
    for (const { uid } of pods.list()) if (nodePods.get(uid) === undefined) this.#end(uid)
    try {
      await closeUnless(uid => nodePods.get(uid) !== undefined || this.#ending.has(uid))
    } catch (thrown) {
      log.warn(
        { reason: NsmError.from(thrown).message },
        'workspaces of pods that are gone could not be closed',
      )
    }
  }

  #end(uid: string): void {
    if (this.#ending.has(uid)) return
    const { pods, log } = this.#options
    const pod = pods.get(uid) ?? create(PodSchema, { uid })
    const ending = this.#finish(pod)
      .catch((thrown: unknown) =>
        log.warn({ uid, reason: NsmError.from(thrown).message }, `could not forget ${podName(pod)}`),
      )
      .finally(() => this.#ending.delete(uid))
    this.#ending.set(uid, ending)
  }

  async #finish(pod: Pod): Promise<void> {
    const { withdraw, forget, onForgotten, log } = this.#options
    await withdraw(pod)
    await this.#unwired(pod)
    if (this.#stop.signal.aborted) return
    await forget(pod)
    onForgotten(pod.uid)
    if (pod.name !== '') log.info({ pod: podName(pod) }, `forgot ${podName(pod)}, which has ended`)
  }

  /** Waits until no connection of a pod stands any more: ended, or found to be down. */
  async #unwired({ uid }: Pod): Promise<void> {
    const { connections, monitor, waitMs: most = waitMs } = this.#options
    const isOfPod = ({ caller, endpoint }: Wired): boolean =>
      (caller.kind === 'pod' && caller.pod.uid === uid) || endpoint.pod.uid === uid
    const patience = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(most)])
    const view = { selector: create(MonitorScopeSelectorSchema), mayBeSeen: isOfPod }
    const stands = ({ connection }: Wired): boolean => connection.state !== State.DOWN
    for await (const _ of monitor.watch(view, patience)) if (!connections.ofPod(uid).some(stands)) return
  }
}
