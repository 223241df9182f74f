import type { Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'

/** Where pods are kept beyond the life of the process. Its methods throw STORAGE. */
export interface PodKeeper {
  readonly all: () => readonly Pod[]
  readonly put: (pod: Pod) => void
  readonly remove: (uid: string) => void
}

/** What no network namespace has: of a pod in the journal of which nothing else is known than that there is one. */
export const unknownCookie = 0n

/** The pods of this node, as the runner has told of them. */
export class Pods {
  readonly #keeper: PodKeeper
  readonly #byUid: Map<string, Pod>
  readonly #byCookie = new Map<bigint, Set<string>>()
  readonly #unconfirmed: Set<string>

  constructor(keeper: PodKeeper) {
    this.#keeper = keeper
    this.#byUid = new Map(keeper.all().map(pod => [pod.uid, pod]))
    this.#unconfirmed = new Set(this.#byUid.keys())
    for (const pod of this.#byUid.values()) this.#index(pod)
  }

  /** The pods that an earlier run of the manager knew and that nobody has told of since. */
  unconfirmed(): readonly Pod[] {
    return [...this.#unconfirmed].flatMap(uid => this.#byUid.get(uid) ?? [])
  }

  /** Creates or replaces; says whether the pod was not known before. */
  put(pod: Pod): 'new' | 'known' {
    this.#keeper.put(pod)
    this.#unconfirmed.delete(pod.uid)
    const before = this.#byUid.get(pod.uid)
    if (before !== undefined) this.#byCookie.get(before.netnsCookie)?.delete(before.uid)
    this.#byUid.set(pod.uid, pod)
    this.#index(pod)
    return before === undefined ? 'new' : 'known'
  }

  /** Knows the pod no longer, so that it can ask for nothing; the keeper has it until `remove`. */
  retire(uid: string): void {
    const pod = this.#byUid.get(uid)
    if (pod === undefined) return
    this.#byUid.delete(uid)
    this.#unconfirmed.delete(uid)
    const sharing = this.#byCookie.get(pod.netnsCookie)
    sharing?.delete(uid)
    if (sharing?.size === 0) this.#byCookie.delete(pod.netnsCookie)
  }

  remove(uid: string): void {
    this.#keeper.remove(uid)
    this.retire(uid)
  }

  get(uid: string): Pod | undefined {
    return this.#byUid.get(uid)
  }

  list(): readonly Pod[] {
    return [...this.#byUid.values()]
  }

  /** The pods that live in a network namespace: more than one when it is the node's own. */
  inNamespace(cookie: bigint): readonly Pod[] {
    return [...(this.#byCookie.get(cookie) ?? [])].flatMap(uid => this.#byUid.get(uid) ?? [])
  }

  #index(pod: Pod): void {
    if (pod.netnsCookie === unknownCookie) return
    const sharing = this.#byCookie.get(pod.netnsCookie) ?? new Set()
    this.#byCookie.set(pod.netnsCookie, sharing.add(pod.uid))
  }
}
