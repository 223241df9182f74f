import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createNetns, type Netns } from '#kernel/netns.ts'
import { meshFolder, netnsFolder } from '#local/nodes/places.ts'
import type { PodObject } from '#local/objects/object.ts'
import type { Command } from '#local/processes/start-process.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Container } from './container.ts'
import type { ContainerRole, ContainerState, PodPhase } from './container-state.ts'
import type { Home } from './home.ts'
import { killAllIn } from './kill-all.ts'
import { makeParts, type Part } from './parts.ts'

/** Who made a pod: the workload's key in the store, and what it looked like. */
export interface PodOwner {
  readonly key: string
  /** `Deployment/web`. */
  readonly shown: string
  /** Hash of the template. */
  readonly revision: string
}

/** One pod: a network namespace with its containers, from creation to removal. */
export class Pod {
  readonly object: PodObject
  readonly owner: PodOwner | undefined
  readonly created = new Date()
  readonly #home: Home
  readonly #parts: readonly Part[]
  readonly #folder: string
  #netns: Netns | undefined
  #phase: PodPhase = 'Pending'
  #problem = ''
  #life: Promise<void> = Promise.resolve()
  #end: Promise<void> | undefined
  #announcing: Promise<unknown> = Promise.resolve()

  constructor(object: PodObject, home: Home, owner?: PodOwner) {
    this.object = object
    this.owner = owner
    this.#home = home
    this.#folder = join(meshFolder, 'pods', this.uid)
    this.#parts = makeParts(object, home, { folder: this.#folder, netns: () => this.netns })
  }

  get uid(): string {
    return this.object.metadata.uid ?? ''
  }

  get node(): string {
    return this.#home.node.name
  }

  /** Whether it lives in the namespace of its node, as forwarders do; no manager hears of it, so it is nobody's client. */
  get #isOnNode(): boolean {
    return this.object.spec.hostNetwork === true
  }

  get phase(): PodPhase {
    return this.#phase
  }

  /** Why the pod could not be set up; empty when it could. */
  get problem(): string {
    return this.#problem
  }

  get containers(): readonly Container[] {
    return this.#parts.map(({ container }) => container)
  }

  get states(): readonly ContainerState[] {
    return this.containers.map(({ state }) => state)
  }

  /** Whether everything of the pod runs and is ready, or the pod has done its work. */
  get isReady(): boolean {
    if (this.#phase === 'Succeeded') return true
    return this.#phase === 'Running' && this.states.every(({ role, ready }) => role === 'init' || ready)
  }

  /** Where commands for this pod run. Throws NOT_FOUND while the pod has no namespace. */
  get netns(): Netns {
    if (this.#isOnNode) return this.#home.node.netns
    if (this.#netns !== undefined) return this.#netns
    throw new NsmError(
      'NOT_FOUND',
      `pod/${this.object.metadata.name} has no network namespace: ${this.#problem === '' ? 'it is being made' : this.#problem}`,
    )
  }

  /** The environment and place of a container, by default the first app container, for a command of the user's. Throws NOT_FOUND. */
  commandLike(container: string): Omit<Command, 'argv'> {
    const name = container === '' ? this.object.spec.containers[0]?.name : container
    const part = this.#parts.find(candidate => candidate.container.name === name)
    if (part !== undefined) return part.command()
    throw new NsmError('NOT_FOUND', `pod/${this.object.metadata.name} has no container ${container}`)
  }

  start(): void {
    this.#life = this.#run().catch((thrown: unknown) => {
      this.#problem = NsmError.from(thrown).message
      this.#become('Failed')
    })
  }

  /** Ends all containers, app containers first, and removes the namespace. Asked again, waits for the same end. */
  remove(): Promise<void> {
    this.#end ??= this.#remove()
    return this.#end
  }

  /** Tells the manager of this pod and of its workspaces, unless it is ending; all that it knows already stays. */
  announce(): Promise<void> {
    if (this.#end !== undefined || this.#isOnNode) return Promise.resolve()
    const announcing = this.#tell()
    this.#announcing = Promise.allSettled([this.#announcing, announcing])
    return announcing
  }

  async #tell(): Promise<void> {
    const { nsmd } = this.#home.node
    const pod = this.#identity()
    await nsmd.putPod(pod, { timeoutMs: 3000 })
    for (const workspace of this.#parts.flatMap(part => part.workspace ?? [])) {
      await nsmd.requestClientConnection({ workspace, pod }, { timeoutMs: 3000 })
    }
  }

  async #run(): Promise<void> {
    const { namespace, name } = this.object.metadata
    mkdirSync(this.#folder, { recursive: true })
    if (!this.#isOnNode) {
      this.#netns = createNetns(join(netnsFolder, `${namespace}_${name}`))
      this.#home.prepare(this.#netns)
    }
    await this.#announced()
    const prepared = await this.#runInits()
    if (this.#end !== undefined) return
    const codes = prepared ? await this.#runApps() : [1]
    await this.#stop('sidecar')
    this.#become(codes.every(code => code === 0) ? 'Succeeded' : 'Failed')
  }

  /** Whether all init containers have succeeded and all side-cars run. */
  async #runInits(): Promise<boolean> {
    for (const container of this.containers.filter(({ role }) => role !== 'app')) {
      const run = container.run()
      if (container.role === 'sidecar') await container.started
      else if ((await run) !== 0) return false
    }
    return true
  }

  #runApps(): Promise<readonly number[]> {
    const runs = this.containers.filter(({ role }) => role === 'app').map(container => container.run())
    this.#become('Running')
    return Promise.all(runs)
  }

  /** A manager that is being restarted will answer; until then the pod says what it waits for. */
  async #announced(): Promise<void> {
    while (this.#end === undefined) {
      try {
        await this.announce()
        this.#problem = ''
        return
      } catch (thrown) {
        this.#problem = NsmError.from(thrown).message
        this.#home.changed()
        await delay(200)
      }
    }
  }

  async #remove(): Promise<void> {
    this.#become('Terminating')
    await this.#stop('app')
    await this.#stop('init')
    await this.#stop('sidecar')
    await this.#life
    if (this.#netns !== undefined) {
      // A word of its life that arrives after that of its end would bring it back.
      await this.#announcing
      await this.#home.node.nsmd
        .deletePod(this.#identity(), { timeoutMs: 5000 })
        .catch((err: unknown) =>
          this.#home.log.warn({ pod: this.uid, err }, 'the manager was not told that a pod is gone'),
        )
      await killAllIn(this.#netns)
      this.#netns[Symbol.dispose]()
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #stop(role: ContainerRole): Promise<void> {
    const seconds = this.object.spec.terminationGracePeriodSeconds
    const graceMs = seconds === undefined ? this.#home.graceMs : seconds * 1000
    await Promise.all(
      this.containers.filter(container => container.role === role).map(container => container.stop(graceMs)),
    )
  }

  #identity() {
    const { name, namespace, labels } = this.object.metadata
    const serviceAccount = this.object.spec.serviceAccountName ?? 'default'
    return {
      uid: this.uid,
      name,
      namespace,
      labels: { ...labels },
      serviceAccount,
      netnsCookie: this.netns.cookie,
    }
  }

  #become(phase: PodPhase): void {
    if (this.#phase !== 'Terminating') this.#phase = phase
    this.#home.changed()
  }
}
