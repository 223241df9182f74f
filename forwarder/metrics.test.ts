import { expect, it } from 'vitest'
import { silent } from '#sdk/log.ts'
import { serveMetrics } from './metrics-server.ts'
import { WorkCounters } from './work-counters.ts'

it('serves what was counted, and nothing elsewhere', async () => {
  const counters = new WorkCounters()
  counters.sent('RTM_NEWLINK')
  counters.sent('RTM_NEWLINK')
  await counters.call('Request', async () => undefined)
  await expect(
    counters.call('Request', async () => {
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  await using server = await serveMetrics(
    { host: '127.0.0.1', port: 0 },
    async () => counters.metrics(),
    silent,
  )
  const url = `http://127.0.0.1:${server.port}`
  const text = await (await fetch(`${url}/metrics`)).text()
  expect(text).toContain('nsm_forwarder_netlink_requests_total{type="RTM_NEWLINK"} 2\n')
  expect(text).toContain('nsm_forwarder_calls_total{method="Request",code="OK"} 1\n')
  expect(text).toContain('nsm_forwarder_calls_total{method="Request",code="INTERNAL"} 1\n')
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect((await fetch(`${url}/`)).status).toBe(404)
})

it('answers 500 when the kernel cannot be read', async () => {
  const read = () => Promise.reject(new Error('no'))
  await using server = await serveMetrics({ host: '127.0.0.1', port: 0 }, read, silent)
  expect((await fetch(`http://127.0.0.1:${server.port}/metrics`)).status).toBe(500)
})
