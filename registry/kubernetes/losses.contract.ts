import { describe, expect, it } from 'vitest'
import type { JsonObject } from '#kube/shape.ts'
import { memoryRegistry } from '#registry/memory.ts'
import { endpointRecord, serviceRecord } from '#registry/registry.contract.ts'
import { endpointObject } from './endpoint-object.ts'
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
import { leaseName } from './manager-object.ts'
import { leasePath, resourcePath } from './resources.ts'

const { signal } = new AbortController()

/** What the registry of a cluster does when objects, managers or the API server go away. */
export function describeLosses(name: string, subject: () => Promise<Subject>): void {
  const start = starter()

  describe(name, () => {
    it('an object that somebody deletes or changes is made again as it was', async () => {
      const { api, managers } = await subject()
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

    it('an object that nobody can read disturbs no other', async () => {
      const { api, managers } = await subject()
      const [one, other] = [await start(managers), await start(managers, two)]
      const path = resourcePath('networkserviceendpoints', { namespace: 'default' })
      const body = endpointObject(
        { ...there, endpoint: { ...there.endpoint, networkServiceNames: ['No Name'] } },
        'IP',
      )
      await api.call({ method: 'POST', path, body: { ...body, metadata: { name: 'odd' } }, signal })
      await other.endpoints.put(there)
      await sees(one, ['there'])
    })

    it('an object of this node that its manager has not made is deleted', async () => {
      const { api, managers } = await subject()
      await start(managers)
      const path = resourcePath('networkserviceendpoints', { namespace: 'default' })
      await api.call({
        method: 'POST',
        path,
        body: endpointObject(endpointRecord('odd', 'web'), 'IP'),
        signal,
      })
      await until(async () => {
        await expect(api.call({ method: 'GET', path: nse('odd'), signal })).rejects.toMatchObject({
          status: 404,
        })
      })
    })

    it('the record of a manager that somebody deletes disturbs nobody and is made again', async () => {
      const { api, managers } = await subject()
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
      const { api, managers } = await subject()
      const cache = memoryRegistry()
      {
        await using first = open(managers, { cache })
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

    it('a manager that starts while the API server is away answers for what it knew', async () => {
      const { managers, away } = await subject()
      const cache = memoryRegistry()
      {
        await using first = open(managers, { cache })
        await first.services.add(serviceRecord('default', 'web'))
        const other = await start(managers, two)
        await other.endpoints.put(there)
        await sees(first, ['there'])
      }
      await using undo = new AsyncDisposableStack()
      await away(async () => {
        const again = undo.use(open(managers, { cache }))
        expect(await names(again)).toEqual(['there'])
        expect(await again.services.list()).toHaveLength(1)
      })
    })

    it('of two pods that got one name at once, in two namespaces, the older keeps it', async () => {
      const { api, managers } = await subject()
      const one = await start(managers)
      await one.endpoints.put(endpointRecord('mine', 'web'))
      // The clock of creation has whole seconds, and names of the same second go by uid: read who is the older one.
      const body = endpointObject(
        { ...endpointRecord('mine', 'web', { uid: 'u2', namespace: shared }), node: 'node-2' },
        'IP',
      )
      const path = resourcePath('networkserviceendpoints', { namespace: shared })
      const theirs = await api.call({ method: 'POST', path, body, signal })
      const mine = await api.call({ method: 'GET', path: nse('mine'), signal })
      const age = (object: JsonObject) =>
        `${String(metadataOf(object)['creationTimestamp'])} ${String(metadataOf(object)['uid'])}`
      if (age(mine) < age(theirs)) {
        await sees(one, ['mine'])
        await api.call({ method: 'GET', path: nse('mine'), signal })
      } else {
        await until(async () => {
          await expect(api.call({ method: 'GET', path: nse('mine'), signal })).rejects.toMatchObject({
            status: 404,
          })
        })
        await sees(one, [])
      }
    })

    it('while the API server is away reads go on, and what ends is taken back later', async () => {
      const { api, managers, away } = await subject()
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
      const { api, managers } = await subject()
      const cache = memoryRegistry()
      const one = await start(managers)
      await one.endpoints.put(endpointRecord('a', 'web'))
      {
        await using other = open(managers, { ...two, cache })
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

    it('keeps a Lease, and makes it again', async () => {
      const { api, managers } = await subject()
      await start(managers)
      const path = leasePath(shared, leaseName('node-1'))
      const read = async () => await api.call({ method: 'GET', path, signal })
      await until(async () => expect(await read()).toMatchObject({ spec: { holderIdentity: 'node-1' } }))
      await api.call({ method: 'DELETE', path, signal })
      await until(async () => expect(await read()).toMatchObject({ spec: { holderIdentity: 'node-1' } }))
    })
  })
}

async function collect(changes: AsyncIterable<unknown>, into: unknown[]): Promise<void> {
  for await (const change of changes) into.push(change)
}
