import { expect, it } from 'vitest'
import { KubeApiError } from '#kube/api.ts'
import { fakeApi } from '#kube/fake-api.ts'
import { openDatabase } from '#registry/database.ts'
import { endpointRecord, registryContract, serviceRecord } from '#registry/registry.contract.ts'
import { sqliteRegistry } from '#registry/sqlite.ts'
import { nse, open, sees, starter, there, two, until } from './fixture.ts'
import { describeKubernetesRegistry } from './registry.contract.ts'

describeKubernetesRegistry('custom resources in memory', async () => {
  const api = fakeApi()
  let isAway = false
  return {
    api,
    managers: {
      call: async call => {
        if (isAway)
          throw new KubeApiError({ status: 0, reason: '' }, `${call.method} ${call.path}: it is away`)
        return await api.call(call)
      },
      watch: options => api.watch(options),
    },
    away: async work => {
      isAway = true
      await api.cutOff(work)
      isAway = false
    },
  }
})

const start = starter()
const { signal } = new AbortController()

registryContract('custom resources with a cache in SQLite', async () => {
  return await start(fakeApi(), { cache: sqliteRegistry(openDatabase(':memory:')) })
})

it('asks the API server for nothing when it is asked, and once for what is new', async () => {
  const api = fakeApi()
  const registry = await start(api, { renewMs: 60_000 })
  await registry.services.add(serviceRecord('default', 'web'))
  await registry.endpoints.put(endpointRecord('a', 'web'))
  const calls = () => api.calls.filter(({ path }) => /networkservice(s|endpoints)/.test(path)).length
  const written = calls()
  for (let turn = 0; turn < 100; turn += 1) {
    await registry.services.get('default/web')
    await registry.endpoints.find('web')
    await registry.endpoints.put(endpointRecord('a', 'web'))
    await registry.services.add(serviceRecord('default', 'web'))
  }
  expect(calls()).toBe(written)
})

it('a new address of an endpoint’s manager is no write, so it is known while the API server is away', async () => {
  const api = fakeApi()
  const cache = sqliteRegistry(openDatabase(':memory:'))
  {
    await using before = open(api, { cache })
    await before.synced(AbortSignal.timeout(20_000))
    await before.endpoints.put(endpointRecord('a', 'web'))
  }
  api.intercept(({ method, path }) => {
    throw new KubeApiError({ status: 0, reason: '' }, `${method} ${path}: it is away`)
  })
  await using registry = open(api, { cache })
  const record = endpointRecord('a', 'web')
  await registry.endpoints.put({ ...record, endpoint: { ...record.endpoint, url: 'tcp://10.0.0.9:5001' } })
  expect((await registry.endpoints.get('a'))?.endpoint.url).toBe('tcp://10.0.0.9:5001')
})

it('what a dead manager’s node offered is taken away also when the API server refuses at first', async () => {
  const api = fakeApi()
  const registry = await start(api)
  {
    await using other = open(api, two)
    await other.synced(AbortSignal.timeout(20_000))
    await other.endpoints.put(there)
    await sees(registry, ['there'])
  }
  let refusals = 0
  api.intercept(({ method, path }) => {
    if (method !== 'DELETE' || refusals === 2) return
    refusals += 1
    throw new KubeApiError({ status: 429, reason: 'TooManyRequests' }, `${method} ${path}: ask again`)
  })
  await until(async () => {
    await expect(api.call({ method: 'GET', path: nse('there'), signal })).rejects.toMatchObject({
      status: 404,
    })
  })
  expect(refusals).toBe(2)
})
