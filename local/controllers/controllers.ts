import { admit } from '#local/admission/admit.ts'
import type { Reviewer } from '#local/admission/reviewer.ts'
import { isControllerKind } from '#local/objects/kinds.ts'
import { keyOf, type MeshObject, nameOf, show } from '#local/objects/object.ts'
import type { Store } from '#local/objects/store.ts'
import type { Pods } from '#local/pods/pods.ts'
import type { Changes } from '#local/processes/changes.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { NewPod, Replica } from './plan.ts'
import { planWorkload } from './plan-workload.ts'
import { podFromTemplate, templateRevision } from './template.ts'

/** What controllers work with. */
export interface ControllersOptions {
  readonly store: Store
  readonly pods: Pods
  readonly nodes: readonly string[]
  readonly review: Reviewer
  readonly changes: Changes
  readonly log: Log
}

/** Makes what is there what the workloads want, after every change. */
export class Controllers implements AsyncDisposable {
  readonly #options: ControllersOptions
  readonly #stop = new AbortController()
  readonly #life: Promise<void>
  /** Pods that are with the webhook, by the key of their workload. */
  readonly #making = new Map<string, readonly Replica[]>()
  /** Why a revision of a workload gets no pods, by key and revision: asking the webhook again would change nothing. */
  readonly #refusals = new Map<string, NsmError>()

  constructor(options: ControllersOptions) {
    this.#options = options
    this.#life = this.#run()
  }

  /** Whether a workload has all the pods that it wants, ready, and no others. Throws why it will not get them. */
  isDone(workload: MeshObject): boolean {
    const refusal = this.#refusals.get(refusalKey(workload))
    if (refusal !== undefined) throw refusal
    return this.#plan(workload).done
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#life
  }

  async #run(): Promise<void> {
    const { changes } = this.#options
    for (let seen = -1; !this.#stop.signal.aborted; ) {
      await changes.after(seen, this.#stop.signal).catch(() => {})
      seen = changes.version
      if (!this.#stop.signal.aborted) this.#reconcile()
    }
  }

  #reconcile(): void {
    const { store, pods, log } = this.#options
    const workloads = store.list().filter(({ kind }) => isControllerKind(kind))
    for (const workload of workloads.filter(object => !this.#refusals.has(refusalKey(object)))) {
      const plan = this.#plan(workload)
      for (const wanted of plan.create) void this.#make(workload, wanted)
      for (const name of plan.remove) {
        const pod = pods.find(workload.metadata.namespace, name)
        if (pod !== undefined)
          pods
            .remove(pod)
            .catch((err: unknown) => log.error({ pod: name, err }, 'a pod could not be removed'))
      }
    }
  }

  #plan(workload: MeshObject) {
    return planWorkload(workload, this.#replicasOf(workload), this.#options.nodes)
  }

  #replicasOf(workload: MeshObject): readonly Replica[] {
    const key = keyOf(nameOf(workload))
    const own = this.#options.pods.list().filter(({ owner }) => owner?.key === key)
    const made = own.map(pod => ({
      name: pod.object.metadata.name,
      revision: pod.owner?.revision ?? '',
      node: pod.node,
      ready: pod.isReady,
      terminating: pod.phase === 'Terminating',
    }))
    return [...made, ...(this.#making.get(key) ?? [])]
  }

  async #make(workload: MeshObject, { name, node }: NewPod): Promise<void> {
    const key = keyOf(nameOf(workload))
    const revision = templateRevision(workload)
    const replica: Replica = { name, revision, node: node ?? '', ready: false, terminating: false }
    this.#making.set(key, [...(this.#making.get(key) ?? []), replica])
    try {
      const written = podFromTemplate(workload, name)
      const { object } = await admit(written, this.#options.review)
      this.#forget(key, replica)
      // The workload may have been deleted or changed meanwhile; the next look at it will tell.
      if (this.#options.store.get(nameOf(workload)) === undefined) return
      const bound = node === undefined ? object : { ...object, spec: { ...object.spec, nodeName: node } }
      this.#options.pods.add(bound, { key, shown: `${workload.kind}/${workload.metadata.name}`, revision })
    } catch (thrown) {
      this.#forget(key, replica)
      const { code, message } = NsmError.from(thrown)
      const text = `${show(nameOf(workload))} gets no pods: ${message}`
      this.#refusals.set(refusalKey(workload), new NsmError(code, text, { cause: thrown }))
      this.#options.log.warn({ workload: key, reason: message }, 'a pod was refused')
    }
    this.#options.changes.touch()
  }

  #forget(key: string, replica: Replica): void {
    this.#making.set(
      key,
      (this.#making.get(key) ?? []).filter(other => other !== replica),
    )
  }
}

function refusalKey(workload: MeshObject): string {
  return `${keyOf(nameOf(workload))}@${templateRevision(workload)}`
}
