import { afterEach, describe, expect, it, vi } from 'vitest'
import type { KubeApi } from '#kube/api.ts'
import { isObject, type JsonObject } from '#kube/shape.ts'
import { memoryRegistry } from '#registry/memory.ts'
import { endpointRecord, registryContract, serviceRecord } from '#registry/registry.contract.ts'
import type { EndpointRecord, Registry } from '#registry/registry.ts'
import { silent } from '#sdk/log.ts'
import { leaseName } from './manager-object.ts'
import { type KubernetesRegistry, kubernetesRegistry } from './registry.ts'
import { leasePath, resourcePath } from './resources.ts'

/** What the stories run on: an API server that has the custom resources, and none of them. */
export interface Subject {
  readonly api: KubeApi
  /** The same server for managers; its connections can be broken. */
  readonly managers: KubeApi
  /** Keeps managers away from the API server while `work` runs. */
  readonly away: (work: () => Promise<void>) => Promise<void>
}

const shared = 'nsm-system'
const { signal } = new AbortController()

/** What the registry of a cluster does. `open` gives an API server without records before each test. */
export function describeKubernetesRegistry(name: string, open: () => Promise<Subject>): void {
  let undo = new AsyncDisposableStack()
  afterEach(async () => {
    await undo.disposeAsync()
    undo = new AsyncDisposableStack()
  })

  const start = async (
    api: KubeApi,
    options: {
      readonly node?: string
      readonly url?: string
      readonly renewMs?: number
      readonly cache?: Registry
    } = {},
  ): Promise<KubernetesRegistry> => {
    const { node = 'node-1', url = 'tcp://10.0.0.1:5001', cache = memoryRegistry(), renewMs = 200 } = options
    const made = undo.use(
      kubernetesRegistry({ api, node, url, renewMs, cache, ownNamespace: shared, log: silent }),
    )
    await made.synced(AbortSignal.timeout(20_000))
    return made
  }

  registryContract(`${name}: a registry`, async () => await start((await open()).managers))

  describe(name, () => {
    const two = { node: 'node-2', url: 'tcp://10.0.0.2:5001' }
    const there = { ...endpointRecord('there', 'web', { uid: 'u2' }), node: 'node-2' }
    const until = (probe: () => Promise<void>) => vi.waitFor(probe, { timeout: 20_000, interval: 20 })
    const names = async ({ endpoints }: Registry) =>
      (await endpoints.list()).map(({ endpoint }) => endpoint.name).toSorted()
    const sees = (registry: Registry, expected: readonly string[]) =>
      until(async () => expect(await names(registry)).toEqual(expected))
    const nse = (object: string, namespace = 'default') =>
      resourcePath('networkserviceendpoints', { namespace, name: object })
    const netsvc = (object: string, namespace = 'default') =>
      resourcePath('networkservices', { namespace, name: object })

    it('an endpoint appears as its pod’s object, with the keys of both versions', async () => {
      const { api, managers } = await open()
      const registry = await start(managers)
      const record = endpointRecord('web-x7', 'web')
      await registry.services.add(serviceRecord('default', 'web'))
      await registry.endpoints.put({
        ...record,
        endpoint: {
          ...record.endpoint,
          networkServiceLabels: {
            web: { ...labelsOf({ app: 'a', 'not a label': 'x', odd: '-not a value-' }) },
          },
        },
      })
      const object = await api.call({ method: 'GET', path: nse('web-x7'), signal })
      expect(object).toMatchObject({
        metadata: {
          generateName: 'web-',
          labels: { app: 'a', networkservicename: 'web' },
          ownerReferences: [{ kind: 'Pod', name: 'pod-u1', uid: 'u1' }],
        },
        spec: {
          networkservicename: 'web',
          payload: 'IP',
          nsmname: 'node-1',
          network_service_names: ['web'],
          network_service_labels: { web: { labels: { app: 'a', 'not a label': 'x', odd: '-not a value-' } } },
        },
        status: { state: 'RUNNING' },
      })
      expect(Object.keys(metadataOf(object)['labels'] ?? {})).toHaveLength(2)
    })

    it('what one manager puts and removes, another one sees, with the address of its manager', async () => {
      const { managers } = await open()
      const [one, other] = [await start(managers), await start(managers, two)]
      await other.endpoints.put(there)
      await sees(one, ['there'])
      const seen = await one.endpoints.get('there')
      expect(seen).toMatchObject({ node: 'node-2', pod: { uid: 'u2', namespace: 'default' } })
      expect(seen?.endpoint).toEqual({ ...there.endpoint, url: two.url })
      await other.endpoints.remove('there')
      await sees(one, [])
    })

    it('endpoints move with the address of their manager', async () => {
      const { managers } = await open()
      const cache = memoryRegistry()
      const one = await start(managers)
      {
        await using other = kubernetesRegistry({
          ...two,
          api: managers,
          cache,
          ownNamespace: shared,
          log: silent,
        })
        await other.endpoints.put(there)
        await sees(one, ['there'])
      }
      await start(managers, { ...two, url: 'tcp://10.0.0.22:5001', cache })
      await until(async () => {
        expect((await one.endpoints.get('there'))?.endpoint.url).toBe('tcp://10.0.0.22:5001')
      })
      expect(await names(one)).toEqual(['there'])
    })

    it('what a user writes about a service is what the next request finds', async () => {
      const { api, managers } = await open()
      const registry = await start(managers)
      const spec = (app: string) => ({ matches: [{ match: null, sourceSelector: { app }, route: null }] })
      const apply = (app: string) =>
        api.call({
          method: 'PATCH',
          path: `${netsvc('web')}?fieldManager=user&force=true`,
          contentType: 'application/apply-patch+yaml',
          body: {
            apiVersion: 'networkservicemesh.io/v1',
            kind: 'NetworkService',
            metadata: { name: 'web' },
            spec: spec(app),
          },
          signal,
        })
      for (const app of ['a', 'b']) {
        await apply(app)
        await until(async () => {
          const found = await registry.services.get('default/web')
          expect(found?.service.matches[0]?.sourceSelector).toEqual({ app })
        })
      }
      await api.call({ method: 'DELETE', path: netsvc('web'), signal })
      await until(async () => expect(await registry.services.list()).toEqual([]))
    })

    it('a name belongs to one pod of all nodes and namespaces', async () => {
      const { managers } = await open()
      const [one, other] = [await start(managers), await start(managers, two)]
      await other.endpoints.put(there)
      await expect(one.endpoints.put(endpointRecord('there', 'web'))).rejects.toMatchObject({
        code: 'ALREADY_EXISTS',
      })
      await sees(one, ['there'])
      const elsewhere = endpointRecord('there', 'web', { uid: 'u3', namespace: shared })
      await expect(one.endpoints.put(elsewhere)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    })

    it('the same service name in two namespaces stays two services', async () => {
      const { managers } = await open()
      const registry = await start(managers)
      await registry.services.put(serviceRecord('default', 'web'))
      await registry.services.put({
        namespace: shared,
        service: { ...serviceRecord(shared, 'web').service, payload: 'ETHERNET' },
      })
      expect((await registry.services.get('default/web'))?.service.payload).toBe('IP')
      expect((await registry.services.get(`${shared}/web`))?.service.payload).toBe('ETHERNET')
    })

    it('an object that somebody deletes or changes is made again as it was', async () => {
      const { api, managers } = await open()
      const registry = await start(managers)
      await registry.endpoints.put(endpointRecord('a', 'web'))
      const uid = async () => {
        const object = await api.call({ method: 'GET', path: nse('a'), signal })
        return metadataOf(object)['uid']
      }
      const before = await uid()
      await api.call({ method: 'DELETE', path: nse('a'), signal })
      await until(async () => expect(await uid()).not.toBe(before))
      await api.call({ method: 'PATCH', path: nse('a'), body: { spec: { nsmname: 'somewhere' } }, signal })
      await until(async () => {
        const object = await api.call({ method: 'GET', path: nse('a'), signal })
        expect(object).toMatchObject({ spec: { nsmname: 'node-1' } })
      })
      expect(await names(registry)).toEqual(['a'])
    })

    it('the record of a manager that somebody deletes disturbs nobody and is made again', async () => {
      const { api, managers } = await open()
      const [one, other] = [await start(managers), await start(managers, two)]
      await other.endpoints.put(there)
      await sees(one, ['there'])
      const changes: unknown[] = []
      const stop = new AbortController()
      const watching = collect(one.endpoints.watch(stop.signal), changes)
      const path = resourcePath('networkservicemanagers', { namespace: shared, name: 'node-2' })
      await api.call({ method: 'DELETE', path, signal })
      await until(async () => {
        expect(await api.call({ method: 'GET', path, signal })).toMatchObject({
          spec: { url: two.url },
          status: { state: 'RUNNING' },
        })
      })
      stop.abort()
      await watching
      expect(changes).toEqual([])
    })

    it('a manager that starts again over its cache loses nothing, and takes back what ended meanwhile', async () => {
      const { api, managers } = await open()
      const cache = memoryRegistry()
      {
        await using first = kubernetesRegistry({
          api: managers,
          node: 'node-1',
          url: '',
          cache,
          ownNamespace: shared,
          log: silent,
        })
        await first.synced(AbortSignal.timeout(20_000))
        await first.endpoints.put(endpointRecord('stays', 'web'))
        await first.endpoints.put(endpointRecord('ends', 'web'))
      }
      await cache.endpoints.remove('ends')
      const again = await start(managers, { cache })
      expect(await names(again)).toEqual(['stays'])
      await until(async () => {
        await expect(api.call({ method: 'GET', path: nse('ends'), signal })).rejects.toMatchObject({
          status: 404,
        })
      })
      await api.call({ method: 'GET', path: nse('stays'), signal })
    })

    it('while the API server is away reads go on, and what ends is taken back later', async () => {
      const { api, managers, away } = await open()
      const [one, other] = [await start(managers), await start(managers, two)]
      await one.endpoints.put(endpointRecord('a', 'web'))
      await one.endpoints.put(endpointRecord('b', 'web'))
      await other.endpoints.put(there)
      await sees(one, ['a', 'b', 'there'])
      await away(async () => {
        await one.endpoints.remove('b')
        await expect(one.endpoints.put(endpointRecord('c', 'web'))).rejects.toMatchObject({
          code: 'REGISTRY_UNAVAILABLE',
        })
        await api.call({ method: 'DELETE', path: nse('a'), signal })
        await api.call({ method: 'DELETE', path: nse('there'), signal })
        expect(await names(one)).toEqual(['a', 'there'])
      })
      await sees(one, ['a', 'there'])
      await until(async () => {
        await api.call({ method: 'GET', path: nse('a'), signal })
        await api.call({ method: 'GET', path: nse('there'), signal })
        await expect(api.call({ method: 'GET', path: nse('b'), signal })).rejects.toMatchObject({
          status: 404,
        })
      })
      await sees(other, ['a', 'there'])
    })

    it('the endpoints of a manager that is dead end, and come back with it', async () => {
      const { api, managers } = await open()
      const cache = memoryRegistry()
      const one = await start(managers)
      await one.endpoints.put(endpointRecord('a', 'web'))
      {
        await using other = kubernetesRegistry({
          ...two,
          api: managers,
          cache,
          ownNamespace: shared,
          log: silent,
        })
        await other.synced(AbortSignal.timeout(20_000))
        await other.endpoints.put(there)
        await sees(one, ['a', 'there'])
      }
      await sees(one, ['a'])
      const path = resourcePath('networkservicemanagers', { namespace: shared, name: 'node-2' })
      await until(async () => {
        await expect(api.call({ method: 'GET', path: nse('there'), signal })).rejects.toMatchObject({
          status: 404,
        })
        expect(await api.call({ method: 'GET', path, signal })).toMatchObject({
          status: { state: 'OFFLINE' },
        })
      })
      await start(managers, { ...two, cache })
      await sees(one, ['a', 'there'])
      await until(async () => {
        expect(await api.call({ method: 'GET', path, signal })).toMatchObject({
          status: { state: 'RUNNING' },
        })
      })
    })

    it('a network of a forwarder, which is no pod’s, stays on its node', async () => {
      const { api, managers } = await open()
      const registry = await start(managers)
      const record: EndpointRecord = endpointRecord('lan@kernel.node-1', 'lan', { uid: '' })
      await registry.endpoints.put(record)
      expect(await names(registry)).toEqual(['lan@kernel.node-1'])
      const list = await api.call({ method: 'GET', path: resourcePath('networkserviceendpoints'), signal })
      expect(list['items']).toEqual([])
      await registry.endpoints.remove('lan@kernel.node-1')
      expect(await names(registry)).toEqual([])
    })

    it('keeps a Lease, and makes it again', async () => {
      const { api, managers } = await open()
      await start(managers)
      const path = leasePath(shared, leaseName('node-1'))
      const read = async () => await api.call({ method: 'GET', path, signal })
      await until(async () => expect(await read()).toMatchObject({ spec: { holderIdentity: 'node-1' } }))
      await api.call({ method: 'DELETE', path, signal })
      await until(async () => expect(await read()).toMatchObject({ spec: { holderIdentity: 'node-1' } }))
    })
  })
}

function labelsOf(labels: Record<string, string>) {
  return { $typeName: 'registry.NetworkServiceLabels' as const, labels }
}

function metadataOf(object: JsonObject): JsonObject {
  return isObject(object['metadata']) ? object['metadata'] : {}
}

async function collect(changes: AsyncIterable<unknown>, into: unknown[]): Promise<void> {
  for await (const change of changes) into.push(change)
}
