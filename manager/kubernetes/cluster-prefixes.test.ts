import { expect, it, vi } from 'vitest'
import { KubeApiError } from '#kube/api.ts'
import { fakeApi } from '#kube/fake-api.ts'
import { silent } from '#sdk/log.ts'
import { ClusterPrefixes } from './cluster-prefixes.ts'

const signal = new AbortController().signal

/** An API server with two nodes and the range of services. */
async function cluster() {
  const api = fakeApi()
  const create = (path: string, name: string, spec: object) =>
    api.call({ method: 'POST', path, body: { metadata: { name }, spec }, signal })
  await create('/api/v1/nodes', 'a', { podCIDRs: ['10.244.1.0/24', 'fd00:1::/64'] })
  await create('/api/v1/nodes', 'b', { podCIDRs: ['10.244.2.0/24'] })
  await create('/api/v1/nodes', 'c', {})
  await create('/apis/networking.k8s.io/v1/servicecidrs', 'kubernetes', { cidrs: ['10.96.0.0/16'] })
  return api
}

it('the prefixes of a cluster are those of its pods and services', async () => {
  await using prefixes = new ClusterPrefixes({ api: await cluster(), log: silent })
  await prefixes.ready(5000)
  expect(prefixes.get()).toEqual(['10.244.0.0/22', 'fd00:1::/64', '10.96.0.0/16'])
})

it('an API server without ServiceCIDRs tells of the pods alone', async () => {
  const api = await cluster()
  api.intercept(({ path }) => {
    if (path.includes('servicecidrs')) throw new KubeApiError({ status: 404, reason: 'NotFound' }, 'none')
  })
  await using prefixes = new ClusterPrefixes({ api, log: silent })
  await prefixes.ready(5000)
  expect(prefixes.get()).toEqual(['10.244.0.0/22', 'fd00:1::/64'])
})

it('an API server that is away keeps nobody from starting', async () => {
  const api = fakeApi()
  api.intercept(() => {
    throw new KubeApiError({ status: 0, reason: '' }, 'away')
  })
  await using prefixes = new ClusterPrefixes({ api, log: silent })
  await prefixes.ready(5000)
  expect(prefixes.get()).toEqual([])
})

it('an API server that comes back is asked within 10 s, though the next question was an hour away', async () => {
  vi.useFakeTimers()
  try {
    const api = await cluster()
    const isBack = api.intercept(() => {
      throw new KubeApiError({ status: 0, reason: '' }, 'away')
    })
    const warn = vi.fn<(context: object, message: string) => void>()
    await using prefixes = new ClusterPrefixes({ api, log: { ...silent, warn } })
    await vi.advanceTimersByTimeAsync(30_000)
    isBack()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(prefixes.get()).toContain('10.96.0.0/16')
    expect(warn).toHaveBeenCalledTimes(1)
  } finally {
    vi.useRealTimers()
  }
})
