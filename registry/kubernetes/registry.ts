import type { KubeApi } from '#kube/api.ts'
import type { Registry } from '#registry/registry.ts'
import { serviceKey } from '#registry/registry.ts'
import { abortable } from '#sdk/chain/abortable.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { KubernetesEndpoints } from './endpoints.ts'
import { Managers } from './managers.ts'
import { KubernetesServices } from './services.ts'
import { survive } from './survive.ts'
import { askUntil } from './writes.ts'

/** What the registry of a cluster is made of. */
export interface KubernetesRegistryOptions {
  readonly api: KubeApi
  /** The node of this manager: its endpoints are this manager's alone to change. */
  readonly node: string
  /** Where other managers reach this one (`tcp://host:port`); empty when they cannot. */
  readonly url: string
  /** The namespace of the mesh, where the records and Leases of managers are. */
  readonly ownNamespace: string
  /** What is known of the records; it outlives this process when it lies in the journal. */
  readonly cache: Registry
  readonly log: Log
  /** Milliseconds between two renewals of this manager's Lease, default 10 s; whose four are missing is dead. */
  readonly renewMs?: number
}

/** The registry of a cluster. */
export interface KubernetesRegistry extends Registry, AsyncDisposable {
  /** Waits until the API server has told all that there is; throws the signal's reason when it is aborted first. */
  synced(signal: AbortSignal): Promise<void>
}

/**
 * The custom resources of a cluster as a registry. Reads are answered from a cache, which one watch per kind keeps and
 * which outlives API server and process; writes go to the API server, and what is written is read at once.
 */
export function kubernetesRegistry(options: KubernetesRegistryOptions): KubernetesRegistry {
  const { api, node, url, ownNamespace: namespace, cache, log, renewMs = 10_000 } = options
  const stop = new AbortController()
  const { signal } = stop
  const ask = askUntil(api, signal)
  const all = Promise.withResolvers<void>()
  const known = Promise.withResolvers<void>()
  let managersKnown = false
  const settle = async (): Promise<void> => {
    if (!managersKnown || !endpoints.isSynced()) return
    await endpoints.settle()
    all.resolve()
  }
  const services = new KubernetesServices({ api, ask, cache: cache.services, signal, log })
  const endpoints: KubernetesEndpoints = new KubernetesEndpoints({
    api,
    ask,
    node,
    cache: cache.endpoints,
    urlOf: name => managers.urlOf(name),
    payloadOf: async (of, name) => {
      const found =
        (await cache.services.get(serviceKey(of, name))) ??
        (await cache.services.get(serviceKey(namespace, name)))
      return found?.service.payload ?? 'IP'
    },
    signal,
    log,
  })
  const managers: Managers = new Managers({
    api,
    ask,
    node,
    url,
    namespace,
    renewMs,
    signal,
    log,
    changed: name => endpoints.managerChanged(name),
    synced: () => {
      managersKnown = true
      return settle()
    },
    expire: name => endpoints.expire(name),
  })
  const lives = [
    survive(() => services.follow(known.resolve), signal, log),
    survive(() => endpoints.follow(settle), signal, log),
    managers.follow(),
  ]
  return {
    services,
    endpoints,
    synced: async until => {
      await abortable(Promise.all([known.promise, all.promise]), until)
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new NsmError('CANCELLED', 'the registry ends'))
      await Promise.all([...lives, managers[Symbol.asyncDispose](), endpoints[Symbol.asyncDispose]()])
    },
  }
}
