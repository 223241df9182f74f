import { listAll } from '#cli/check/list-all.ts'
import type { Cluster } from '#kube/connect-cluster.ts'
import type { JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import { type Channel, dial } from '#sdk/rpc/dial.ts'
import type { Client } from '#sdk/rpc/types.ts'
import { Admin } from '#sdk/wire/gen/admin/admin_pb.ts'
import type { ClusterPod } from './cluster-pod.ts'
import { inParallel } from './in-parallel.ts'

/** The manager of one node. */
export interface Manager {
  readonly node: string
  readonly admin: Client<typeof Admin>
}

/** Nodes that are asked at a time: each is a process in a container of it. */
const mostAtOnce = 16

/** How the admin socket is reached from inside the container. */
const relay = ['node', '/app/admin.js']

interface ManagersOptions {
  readonly cluster: Cluster
  readonly meshNamespace: string
  /** Told once of each node that cannot be asked. */
  readonly note: (text: string) => void
  readonly signal: AbortSignal
}

/** The managers of all nodes, reached through the API server. */
export class Managers implements AsyncDisposable {
  readonly #options: ManagersOptions
  readonly #channels: Channel[] = []
  readonly #told = new Set<string>()
  #found: Promise<readonly Manager[]> | undefined

  constructor(options: ManagersOptions) {
    this.#options = options
  }

  /** Those that run. Throws NOT_FOUND when there is no mesh in the cluster. */
  all(): Promise<readonly Manager[]> {
    return (this.#found ??= this.#find())
  }

  /** What each says, without those that say nothing, of which the user is told. Throws when nobody answers. */
  async each<T>(ask: (manager: Manager) => Promise<T>): Promise<readonly T[]> {
    const failures: NsmError[] = []
    const answers = await inParallel(await this.all(), mostAtOnce, async manager => {
      try {
        return [await ask(manager)]
      } catch (thrown) {
        const error = NsmError.from(thrown)
        if (this.#options.signal.aborted) throw error
        failures.push(error)
        this.#tell(manager.node, error.message)
        return []
      }
    })
    const given = answers.flat()
    const [first] = failures
    if (given.length === 0 && first !== undefined) throw first
    return given
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#channels.map(channel => channel[Symbol.asyncDispose]()))
  }

  #tell(node: string, why: string): void {
    if (this.#told.has(node)) return
    this.#told.add(node)
    this.#options.note(`node ${node} is missing here: ${why}\n`)
  }

  async #find(): Promise<readonly Manager[]> {
    const { cluster, meshNamespace, signal } = this.#options
    const path = `/api/v1/namespaces/${meshNamespace}/pods?labelSelector=app%3Dnsm-manager`
    const pods: readonly (JsonObject & ClusterPod)[] = await listAll(cluster, { path, signal })
    if (pods.length === 0)
      throw new NsmError(
        'NOT_FOUND',
        `no manager of a mesh runs in namespace ${meshNamespace} of the cluster ${cluster.server}; install it with: nsm install`,
      )
    const alive = pods.filter(
      ({ status, metadata }) => status?.phase === 'Running' && metadata?.deletionTimestamp === undefined,
    )
    const nodes = new Set(alive.map(({ spec }) => spec?.nodeName))
    for (const { spec, metadata, status } of pods)
      if (!nodes.has(spec?.nodeName))
        this.#tell(
          spec?.nodeName ?? '?',
          `its manager, pod ${metadata?.name ?? '?'}, is ${status?.phase ?? 'unknown'}`,
        )
    return alive.map(pod => this.#managerIn(pod))
  }

  #managerIn({ metadata, spec }: ClusterPod): Manager {
    const { cluster, meshNamespace } = this.#options
    const pod = metadata?.name ?? ''
    const node = spec?.nodeName ?? ''
    const channel = dial(`unix-abstract://${pod}`, {
      connect: () => cluster.exec({ namespace: meshNamespace, pod, container: 'manager', argv: relay }),
    })
    this.#channels.push(channel)
    return { node, admin: channel.client(Admin) }
  }
}
