import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createNetns, type Netns } from '#kernel/netns.ts'
import { meshFolder, netnsFolder } from '#local/nodes/places.ts'
import type { ContainerSpec, PodObject } from '#local/objects/object.ts'
import type { Command } from '#local/processes/start-process.ts'
import { NsmError } from '#sdk/errors.ts'
import { commandOf } from './command.ts'
import { Container } from './container.ts'
import type { ContainerRole, ContainerState, PodPhase } from './container-state.ts'
import type { Home } from './home.ts'
import { killAllIn } from './kill-all.ts'
import { initRestartPolicy, type RestartPolicy, restartPolicyOf } from './restart.ts'
import { isWired } from './wiring-gate.ts'
import { asksForWorkspace, workspaceName, workspaceVariables } from './workspace.ts'

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
  readonly #containers: readonly Container[]
  readonly #folder: string
  #netns: Netns | undefined
  #phase: PodPhase = 'Pending'
  #problem = ''
  #life: Promise<void> = Promise.resolve()
  #end: Promise<void> | undefined

  constructor(object: PodObject, home: Home, owner?: PodOwner) {
    this.object = object
    this.owner = owner
    this.#home = home
    this.#folder = join(meshFolder, 'pods', this.uid)
    const policy = restartPolicyOf(object.spec.restartPolicy)
    const inits = (object.spec.initContainers ?? []).map(spec =>
      spec.restartPolicy === 'Always'
        ? ({ spec, role: 'sidecar', policy: 'Always' } as const)
        : ({ spec, role: 'init', policy: initRestartPolicy(policy) } as const),
    )
    const apps = object.spec.containers.map(spec => ({ spec, role: 'app', policy }) as const)
    this.#containers = [...inits, ...apps].map((part, index) => this.#container(part, index))
  }

  get uid(): string {
    return this.object.metadata.uid ?? ''
  }

  get node(): string {
    return this.#home.node.name
  }

  get phase(): PodPhase {
    return this.#phase
  }

  /** Why the pod could not be set up; empty when it could. */
  get problem(): string {
    return this.#problem
  }

  get containers(): readonly Container[] {
    return this.#containers
  }

  get states(): readonly ContainerState[] {
    return this.#containers.map(({ state }) => state)
  }

  /** Whether everything of the pod runs and is ready, or the pod has done its work. */
  get isReady(): boolean {
    if (this.#phase === 'Succeeded') return true
    return this.#phase === 'Running' && this.states.every(({ role, ready }) => role === 'init' || ready)
  }

  /** Where commands for this pod run. Throws NOT_FOUND while the pod has no namespace. */
  get netns(): Netns {
    if (this.#netns !== undefined) return this.#netns
    throw new NsmError(
      'NOT_FOUND',
      `pod/${this.object.metadata.name} has no network namespace: ${this.#problem === '' ? 'it is being made' : this.#problem}`,
    )
  }

  /** The environment and place of a container, by default the first app container, for a command of the user's. Throws NOT_FOUND. */
  commandLike(container: string): Omit<Command, 'argv'> {
    const index = this.#specs().findIndex(
      ({ name }) => name === (container === '' ? this.object.spec.containers[0]?.name : container),
    )
    const spec = this.#specs()[index]
    if (spec === undefined)
      throw new NsmError('NOT_FOUND', `pod/${this.object.metadata.name} has no container ${container}`)
    return this.#command(spec, index)
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

  /** Tells the manager of this pod and of its workspaces; all that it knows already stays. */
  async announce(): Promise<void> {
    const { nsmd } = this.#home.node
    const pod = this.#identity()
    await nsmd.putPod(pod, { timeoutMs: 3000 })
    for (const [index, spec] of this.#specs().entries()) {
      if (asksForWorkspace(spec))
        await nsmd.requestClientConnection(
          { workspace: workspaceName(this.uid, index), pod },
          { timeoutMs: 3000 },
        )
    }
  }

  async #run(): Promise<void> {
    const { namespace, name } = this.object.metadata
    mkdirSync(this.#folder, { recursive: true })
    this.#netns = createNetns(join(netnsFolder, `${namespace}_${name}`))
    this.#home.prepare(this.#netns)
    await this.#announced()
    for (const container of this.#containers.filter(({ role }) => role !== 'app')) {
      const run = container.run()
      if (container.role === 'sidecar') await container.started
      else if ((await run) !== 0) return this.#become('Failed')
      if (this.#end !== undefined) return
    }
    const apps = this.#containers.filter(({ role }) => role === 'app').map(container => container.run())
    this.#become('Running')
    const codes = await Promise.all(apps)
    await this.#stop('sidecar')
    this.#become(codes.every(code => code === 0) ? 'Succeeded' : 'Failed')
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
      this.#containers.filter(container => container.role === role).map(container => container.stop(graceMs)),
    )
  }

  #container(
    {
      spec,
      role,
      policy,
    }: { readonly spec: ContainerSpec; readonly role: ContainerRole; readonly policy: RestartPolicy },
    index: number,
  ): Container {
    return new Container({
      name: spec.name,
      role,
      policy,
      terminationLog: this.#terminationLog(spec),
      command: () => this.#command(spec, index),
      isReady: () => isWired(spec, this.uid, this.#home.wiring),
      changed: this.#home.changed,
    })
  }

  #command(spec: ContainerSpec, index: number): Command {
    const { node, baseEnv, find } = this.#home
    const workspace = asksForWorkspace(spec)
      ? workspaceVariables(node.base, workspaceName(this.uid, index))
      : {}
    return commandOf(spec, {
      pod: this.object,
      node: node.name,
      netns: this.netns,
      find: (kind, name) => find({ kind, name, namespace: this.object.metadata.namespace }),
      baseEnv,
      ownEnv: { ...workspace, TERMINATION_LOG: this.#terminationLog(spec) },
    })
  }

  #terminationLog({ name }: ContainerSpec): string {
    return join(this.#folder, `${name}.termination`)
  }

  #specs(): readonly ContainerSpec[] {
    return [...(this.object.spec.initContainers ?? []), ...this.object.spec.containers]
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
