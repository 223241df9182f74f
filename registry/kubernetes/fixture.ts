import { afterEach, expect, vi } from 'vitest'
import type { KubeApi } from '#kube/api.ts'
import { isObject, type JsonObject } from '#kube/shape.ts'
import { memoryRegistry } from '#registry/memory.ts'
import { endpointRecord } from '#registry/registry.contract.ts'
import type { Registry } from '#registry/registry.ts'
import { silent } from '#sdk/log.ts'
import { type KubernetesRegistry, kubernetesRegistry } from './registry.ts'
import { resourcePath } from './resources.ts'

/** What the stories run on: an API server that has the custom resources, and none of them. */
export interface Subject {
  readonly api: KubeApi
  /** The same server for managers; its connections can be broken. */
  readonly managers: KubeApi
  /** Keeps managers away from the API server while `work` runs. */
  readonly away: (work: () => Promise<void>) => Promise<void>
}

/** For tests: the namespace of the mesh. */
export const shared = 'nsm-system'

/** For tests: the manager of another node. */
export const two = { node: 'node-2', url: 'tcp://10.0.0.2:5001' }

/** For tests: an endpoint of that node. */
export const there = { ...endpointRecord('there', 'web', { uid: 'u2' }), node: two.node }

/** For tests: how a registry differs from that of node-1. */
export interface StartOptions {
  readonly node?: string
  readonly url?: string
  readonly renewMs?: number
  readonly cache?: Registry
}

/** For tests: a registry that the caller disposes of; it need not know anything yet. */
export function open(api: KubeApi, options: StartOptions = {}): KubernetesRegistry {
  const { node = 'node-1', url = 'tcp://10.0.0.1:5001', cache = memoryRegistry(), renewMs = 200 } = options
  return kubernetesRegistry({ api, node, url, renewMs, cache, ownNamespace: shared, log: silent })
}

/** For tests: starts registries that end with the test, when they know all that there is. */
export function starter(): (api: KubeApi, options?: StartOptions) => Promise<KubernetesRegistry> {
  let undo = new AsyncDisposableStack()
  afterEach(async () => {
    await undo.disposeAsync()
    undo = new AsyncDisposableStack()
  })
  return async (api, options) => {
    const made = undo.use(open(api, options))
    await made.synced(AbortSignal.timeout(20_000))
    return made
  }
}

/** For tests: waits until a probe does not fail. */
export function until(probe: () => Promise<void>): Promise<void> {
  return vi.waitFor(probe, { timeout: 20_000, interval: 20 })
}

/** For tests: the names of the endpoints that a registry has. */
export async function names({ endpoints }: Registry): Promise<readonly string[]> {
  return (await endpoints.list()).map(({ endpoint }) => endpoint.name).toSorted()
}

/** For tests: waits until a registry has just these endpoints. */
export function sees(registry: Registry, expected: readonly string[]): Promise<void> {
  return until(async () => expect(await names(registry)).toEqual(expected))
}

/** For tests: the path of an endpoint's object. */
export function nse(name: string): string {
  return resourcePath('networkserviceendpoints', { namespace: 'default', name })
}

/** For tests: the metadata of an object. */
export function metadataOf(object: JsonObject): JsonObject {
  return isObject(object['metadata']) ? object['metadata'] : {}
}
