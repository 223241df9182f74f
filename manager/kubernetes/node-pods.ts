import type { KubeApi } from '#kube/api.ts'
import type { Log } from '#sdk/log.ts'
import { newWake } from '#sdk/workspace/wake.ts'
import { type KubePod, readKubePod } from './kube-pod.ts'

/** What following the pods of a node depends on. */
export interface NodePodsOptions {
  readonly api: Pick<KubeApi, 'watch'>
  readonly node: string
  readonly log: Log
}

/** What became of the pods of the node. */
export interface PodNews {
  /** A pod is there, or has changed. */
  readonly changed: (pod: KubePod) => void
  /** A pod is gone: deleted, or its containers have ended for good. */
  readonly ended: (uid: string) => void
  /** The list is complete, at first and each time that it had to be asked for again. */
  readonly listed: () => void
}

/**
 * The pods of this node as the API server tells of them, by one watch. While that is away the pods that were told stay, and
 * new ones are not known.
 */
export class NodePods implements AsyncDisposable {
  readonly #pods = new Map<string, KubePod>()
  readonly #news = new Set<PodNews>()
  readonly #waiting = new Set<() => void>()
  readonly #stop = new AbortController()
  readonly #hurry = newWake()
  readonly #following: Promise<void>
  #listed: 'no' | 'yes' = 'no'

  constructor(options: NodePodsOptions) {
    this.#following = this.#follow(options)
  }

  /** Whether the list has been complete once, so that a pod that is unknown is not of this node. */
  get isListed(): boolean {
    return this.#listed === 'yes'
  }

  get(uid: string): KubePod | undefined {
    return this.#pods.get(uid)
  }

  list(): readonly KubePod[] {
    return [...this.#pods.values()]
  }

  /**
   * Those of the uids that are pods of this node, as soon as there is one; none when the signal aborts before. Kubelet has
   * started a pod that is not known, so the API server is there, or was a moment ago: it is asked now.
   */
  async known(uids: readonly string[], signal: AbortSignal): Promise<readonly KubePod[]> {
    for (;;) {
      const found = uids.flatMap(uid => this.#pods.get(uid) ?? [])
      if (found.length > 0 || signal.aborted) return found
      this.#hurry.call()
      await this.#change(signal)
    }
  }

  /** Tells of what happens from now on, until disposed. */
  follow(news: PodNews): Disposable {
    this.#news.add(news)
    return { [Symbol.dispose]: () => this.#news.delete(news) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#following
  }

  async #follow({ api, node, log }: NodePodsOptions): Promise<void> {
    const path = `/api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${node}`)}`
    const watched = { path, signal: this.#stop.signal, log, hurry: this.#hurry }
    for await (const { type, object } of api.watch(watched)) {
      if (type === 'SYNCED') this.#sync()
      else this.#take(readKubePod(object), type)
    }
  }

  #take(pod: KubePod, type: 'ADDED' | 'MODIFIED' | 'DELETED'): void {
    if (type === 'DELETED' || pod.hasEnded) {
      if (!this.#pods.delete(pod.uid)) return
      for (const { ended } of this.#news) ended(pod.uid)
      return
    }
    this.#pods.set(pod.uid, pod)
    for (const { changed } of this.#news) changed(pod)
    this.#wake()
  }

  #sync(): void {
    this.#listed = 'yes'
    for (const { listed } of this.#news) listed()
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }

  async #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    this.#waiting.add(wake)
    signal.addEventListener('abort', wake, { once: true })
    await promise
    this.#waiting.delete(wake)
    signal.removeEventListener('abort', wake)
  }
}
