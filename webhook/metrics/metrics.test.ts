import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { newMetrics } from './metrics.ts'
import { serveMetrics } from './serve-metrics.ts'

describe('metrics', () => {
  it('are printed in the text format of Prometheus, all of them from the start', async () => {
    const metrics = newMetrics('1.2.3')
    metrics.begin()
    metrics.answered('CREATE', 'injected', 'injected')
    metrics.rejected('busy')
    metrics.end(0.0007, 20_000)
    metrics.certificateNotAfter(1_900_000_000)
    metrics.bundlePatched('ok')
    metrics.eventSent('sent')
    const lines = (await metrics.print()).text.split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'nsm_webhook_requests_total{operation="CREATE",result="injected",reason="injected"} 1',
        'nsm_webhook_rejected_total{reason="busy"} 1',
        'nsm_webhook_request_duration_seconds_bucket{le="0.0005"} 0',
        'nsm_webhook_request_duration_seconds_bucket{le="0.001"} 1',
        'nsm_webhook_request_duration_seconds_bucket{le="2.5"} 1',
        'nsm_webhook_request_body_bytes_bucket{le="16384"} 0',
        'nsm_webhook_request_body_bytes_bucket{le="65536"} 1',
        'nsm_webhook_requests_in_flight 0',
        'nsm_webhook_cert_not_after_seconds 1900000000',
        'nsm_webhook_cabundle_patches_total{result="ok"} 1',
        'nsm_webhook_events_total{result="sent"} 1',
        'nsm_webhook_build_info{version="1.2.3"} 1',
      ]),
    )
  })

  it('never become more than a few hundred series, whatever words come', async () => {
    const metrics = newMetrics('test')
    for (let word = 0; word < 10_000; word++) metrics.answered('CREATE', 'skipped', `word-${word}`)
    const lines = (await metrics.print()).text
      .split('\n')
      .filter(line => line.startsWith('nsm_webhook_requests_total{'))
    expect(lines.length).toBe(201)
    expect(lines).toContain(
      'nsm_webhook_requests_total{operation="other",result="other",reason="other"} 9800',
    )
  })
})

describe('serveMetrics()', () => {
  it.each([
    { method: 'GET', path: '/metrics', status: 200, says: /^# HELP nsm_webhook_/ },
    { method: 'GET', path: '/metrics?x=1', status: 200, says: /^# HELP/ },
    { method: 'POST', path: '/metrics', status: 405, says: /^$/ },
    { method: 'GET', path: '/', status: 404, says: /^GET \/metrics\n$/ },
  ])('answers $status to $method $path', async ({ method, path, status, says }) => {
    await using served = await serveMetrics(newMetrics('test'), { host: '127.0.0.1', port: 0 })
    const answer = await ask(new URL(path, served.url), method)
    expect(answer.status).toBe(status)
    expect(answer.body).toMatch(says)
  })

  it('is closed when it is disposed, even with a client that stays', async () => {
    const served = await serveMetrics(newMetrics('test'), { host: '127.0.0.1', port: 0 })
    await ask(new URL('/metrics', served.url), 'GET')
    await served[Symbol.asyncDispose]()
    await expect(ask(new URL('/metrics', served.url), 'GET')).rejects.toThrow()
  })

  it('rejects when the address is taken', async () => {
    await using served = await serveMetrics(newMetrics('test'), { host: '127.0.0.1', port: 0 })
    const port = Number(new URL(served.url).port)
    await expect(serveMetrics(newMetrics('test'), { host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      message: expect.stringContaining('NSM_WEBHOOK_METRICS_LISTEN'),
    })
  })
})

async function ask(
  url: URL,
  method: string,
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request(url, { method }).on('response', resolve).on('error', reject).end()
  const response = await promise
  return { status: response.statusCode, body: await text(response) }
}
