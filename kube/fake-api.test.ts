import { expect, it } from 'vitest'
import { describeApi } from './api.contract.ts'
import { fakeApi } from './fake-api.ts'

describeApi('the fake', async () => {
  const api = fakeApi()
  return {
    api,
    watched: api,
    namespace: '/api/v1/namespaces/test',
    disconnect: () => api.disconnect(),
    cutOff: work => api.cutOff(work),
  }
})

const { signal } = new AbortController()

it('the fake remembers its calls, and an interceptor may answer in its place', async () => {
  const api = fakeApi()
  const call = { method: 'GET', path: '/api/v1/namespaces/test/secrets/a', signal } as const
  const stop = api.intercept(() => {
    throw new Error('on fire')
  })
  await expect(api.call(call)).rejects.toThrow('on fire')
  stop()
  await expect(api.call(call)).rejects.toMatchObject({ status: 404 })
  expect(api.calls).toEqual([call, call])
})

it('the fake keeps kinds, namespaces and groups apart', async () => {
  const api = fakeApi()
  const create = (path: string) =>
    api.call({ method: 'POST', path, signal, body: { kind: 'Thing', metadata: { name: 'a' } } })
  await create('/api/v1/namespaces/one/things')
  await create('/api/v1/namespaces/two/things')
  await create('/apis/example.org/v1/namespaces/one/things')
  await create('/api/v1/namespaces')
  const count = async (path: string) => {
    const { items } = await api.call({ method: 'GET', path, signal })
    return Array.isArray(items) ? items.length : -1
  }
  expect(await count('/api/v1/things')).toBe(2)
  expect(await count('/api/v1/namespaces/one/things')).toBe(1)
  expect(await count('/apis/example.org/v1/things')).toBe(1)
  expect(await count('/api/v1/namespaces')).toBe(1)
})
