import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { PodSchema } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import { NetworkServiceEndpointSchema, NetworkServiceSchema } from '#sdk/wire/gen/registry/registry_pb.ts'
import { endpointsOf, findService } from './lookup.ts'
import { type EndpointRecord, type Registry, type ServiceRecord, serviceKey } from './registry.ts'

/** For tests: a service without matches. */
export function serviceRecord(namespace: string, name: string): ServiceRecord {
  return { namespace, service: create(NetworkServiceSchema, { name, payload: 'IP' }) }
}

/** For tests: an endpoint of a pod `uid` in a namespace. */
export function endpointRecord(
  name: string,
  service: string,
  { uid = 'u1', namespace = 'default' } = {},
): EndpointRecord {
  return {
    endpoint: create(NetworkServiceEndpointSchema, {
      name,
      networkServiceNames: [service],
      networkServiceLabels: { [service]: { labels: { app: name } } },
    }),
    pod: create(PodSchema, { uid, name: `pod-${uid}`, namespace, netnsCookie: 7n }),
    pid: 4711,
    node: 'node-1',
    workspace: 'w1',
  }
}

/** The behaviour that every registry has. `open` opens the same registry again; without memory it is empty then. */
export function registryContract(name: string, open: () => Registry | Promise<Registry>): void {
  describe(name, () => {
    it('put() creates, replaces in place, and list() keeps the order', async () => {
      const { endpoints } = await open()
      await endpoints.put(endpointRecord('a', 'web'))
      await endpoints.put(endpointRecord('b', 'web'))
      await endpoints.put({ ...endpointRecord('a', 'web'), pid: 1 })
      const listed = await endpoints.list()
      expect(listed.map(({ endpoint, pid }) => [endpoint.name, pid])).toEqual([
        ['a', 1],
        ['b', 4711],
      ])
      expect(await endpoints.get('b')).toEqual(endpointRecord('b', 'web'))
    })

    it('put() is ALREADY_EXISTS when another pod has the name', async () => {
      const { endpoints } = await open()
      await endpoints.put(endpointRecord('a', 'web'))
      await expect(endpoints.put(endpointRecord('a', 'web', { uid: 'u2' }))).rejects.toMatchObject({
        code: 'ALREADY_EXISTS',
      })
      expect((await endpoints.get('a'))?.pod.uid).toBe('u1')
    })

    it('add() creates, and leaves what is there as it is', async () => {
      const { services } = await open()
      const [first, second] = [serviceRecord('default', 'web'), serviceRecord('default', 'web')]
      expect(await services.add(first)).toBe('added')
      expect(await services.add({ ...second, service: { ...second.service, payload: 'ETHERNET' } })).toBe(
        'known',
      )
      expect((await services.get('default/web'))?.service.payload).toBe('IP')
    })

    it('remove() returns what was there, and nothing the second time', async () => {
      const { services } = await open()
      await services.put(serviceRecord('default', 'web'))
      expect((await services.remove('default/web'))?.service.name).toBe('web')
      expect(await services.remove('default/web')).toBeUndefined()
      expect(await services.list()).toEqual([])
    })

    it('find() finds endpoints by a service that they offer', async () => {
      const { endpoints } = await open()
      await endpoints.put(endpointRecord('a', 'web'))
      await endpoints.put(endpointRecord('b', 'vpn'))
      expect((await endpoints.find('vpn')).map(({ endpoint }) => endpoint.name)).toEqual(['b'])
    })

    it('watch() tells of each change from its call on, and ends with its signal', async () => {
      const { services } = await open()
      const stop = new AbortController()
      const changes = services.watch(stop.signal)
      await services.put(serviceRecord('default', 'web'))
      await services.remove(serviceKey('default', 'web'))
      const seen: boolean[] = []
      for await (const { deleted } of changes) {
        seen.push(deleted)
        if (deleted) stop.abort()
      }
      expect(seen).toEqual([false, true])
    })

    it('findService() looks into the namespaces in their order', async () => {
      const registry = await open()
      await registry.services.put(serviceRecord('nsm-system', 'web'))
      expect((await findService(registry, 'web', ['default', 'nsm-system']))?.namespace).toBe('nsm-system')
      await registry.services.put(serviceRecord('default', 'web'))
      expect((await findService(registry, 'web', ['default', 'nsm-system']))?.namespace).toBe('default')
      expect(await findService(registry, 'vpn', ['default', 'nsm-system'])).toBeUndefined()
    })

    it('endpointsOf() gives an endpoint to the service of its own namespace before the shared one', async () => {
      const registry = await open()
      const [shared, own] = [serviceRecord('nsm-system', 'web'), serviceRecord('default', 'web')]
      await registry.services.put(shared)
      await registry.endpoints.put(endpointRecord('a', 'web'))
      expect(await endpointsOf(registry, shared, 'nsm-system')).toHaveLength(1)
      await registry.services.put(own)
      expect(await endpointsOf(registry, shared, 'nsm-system')).toHaveLength(0)
      expect(await endpointsOf(registry, own, 'nsm-system')).toHaveLength(1)
    })
  })
}
