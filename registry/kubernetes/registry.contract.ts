import { describe, expect, it } from 'vitest'
import { memoryRegistry } from '#registry/memory.ts'
import { endpointRecord, registryContract, serviceRecord } from '#registry/registry.contract.ts'
import {
  metadataOf,
  names,
  nse,
  open,
  type Subject,
  sees,
  shared,
  starter,
  there,
  two,
  until,
} from './fixture.ts'
import { describeLosses } from './losses.contract.ts'
import { resourcePath } from './resources.ts'

const { signal } = new AbortController()
const web = resourcePath('networkservices', { namespace: 'default', name: 'web' })

/** What the registry of a cluster does. `subject` gives an API server without records before each test. */
export function describeKubernetesRegistry(name: string, subject: () => Promise<Subject>): void {
  const start = starter()

  registryContract(`${name}: a registry`, async () => await start((await subject()).managers))

  describe(name, () => {
    it('an endpoint appears as its pod’s object, with the keys of both versions', async () => {
      const { api, managers } = await subject()
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
      const { managers } = await subject()
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
      const { managers } = await subject()
      const cache = memoryRegistry()
      const one = await start(managers)
      {
        await using other = open(managers, { ...two, cache })
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
      const { api, managers } = await subject()
      const registry = await start(managers)
      const spec = (app: string) => ({ matches: [{ match: null, sourceSelector: { app }, route: null }] })
      const apply = (app: string) =>
        api.call({
          method: 'PATCH',
          path: `${web}?fieldManager=user&force=true`,
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
      await api.call({ method: 'DELETE', path: web, signal })
      await until(async () => expect(await registry.services.list()).toEqual([]))
    })

    it('a name belongs to one pod of all nodes and namespaces', async () => {
      const { managers } = await subject()
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
      const { managers } = await subject()
      const registry = await start(managers)
      await registry.services.put(serviceRecord('default', 'web'))
      await registry.services.put({
        namespace: shared,
        service: { ...serviceRecord(shared, 'web').service, payload: 'ETHERNET' },
      })
      expect((await registry.services.get('default/web'))?.service.payload).toBe('IP')
      expect((await registry.services.get(`${shared}/web`))?.service.payload).toBe('ETHERNET')
    })

    it('a network of a forwarder, which is no pod’s, stays on its node', async () => {
      const { api, managers } = await subject()
      const registry = await start(managers)
      const record = endpointRecord('lan@kernel.node-1', 'lan', { uid: '' })
      await registry.endpoints.put(record)
      expect(await names(registry)).toEqual(['lan@kernel.node-1'])
      const list = await api.call({ method: 'GET', path: resourcePath('networkserviceendpoints'), signal })
      expect(list['items']).toEqual([])
      await registry.endpoints.remove('lan@kernel.node-1')
      expect(await names(registry)).toEqual([])
    })
  })

  describeLosses(`${name}: what is lost`, subject)
}

function labelsOf(labels: Record<string, string>) {
  return { $typeName: 'registry.NetworkServiceLabels' as const, labels }
}
