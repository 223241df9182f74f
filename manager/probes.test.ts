import { expect, it } from 'vitest'
import { serveProbes } from './probes.ts'

it('the probes tell of life, readiness with its reason, and metrics', async () => {
  let why: string | undefined = 'no forwarder has registered on this node'
  await using probes = await serveProbes({
    address: 'tcp://127.0.0.1:0',
    readyReason: () => why,
    metrics: async () => [
      { name: 'nsm_manager_pods', type: 'gauge', help: 'Pods.', samples: [{ labels: {}, value: 3 }] },
    ],
  })
  const get = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${probes.port}${path}`)
    return [answer.status, await answer.text()]
  }
  expect(await get('/healthz')).toEqual([200, 'serves\n'])
  expect(await get('/readyz')).toEqual([503, 'no forwarder has registered on this node\n'])
  why = undefined
  expect(await get('/readyz')).toEqual([200, 'ready\n'])
  expect(await get('/metrics')).toEqual([200, expect.stringContaining('nsm_manager_pods 3\n')])
  expect(await get('/')).toEqual([404, expect.any(String)])
})

it('an address that is taken is BAD_CONFIG', async () => {
  const options = { readyReason: () => undefined, metrics: async () => [] }
  await using probes = await serveProbes({ address: 'tcp://127.0.0.1:0', ...options })
  await expect(serveProbes({ address: `tcp://127.0.0.1:${probes.port}`, ...options })).rejects.toMatchObject({
    code: 'BAD_CONFIG',
  })
})
