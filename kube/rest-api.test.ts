import type { RequestListener } from 'node:http'
import { rootCertificates } from 'node:tls'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startOddServer } from '#test/apiserver/odd-server.ts'
import type { ApiCall } from './api.ts'
import { connectApi } from './connect-api.ts'

const { signal } = new AbortController()

afterEach(() => {
  vi.useRealTimers()
})

/** Asks a server that answers so; gives the outcome and how often it was asked. */
async function ask(answer: RequestListener, call: Partial<ApiCall> = {}, times = 1) {
  const asked: string[] = []
  await using server = await startOddServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
    answer(request, response)
  })
  await using api = await connectApi({ server: server.url, ca: server.ca, token: 'secret' })
  const outcomes = []
  for (let turn = 0; turn < times; turn += 1)
    outcomes.push(
      await api.call({ method: 'GET', path: '/x', signal, ...call }).catch((error: unknown) => error),
    )
  return { outcome: outcomes.at(-1), asked }
}

describe('an answer that is none', () => {
  it.each<{ name: string; answer: RequestListener; error: object }>([
    {
      name: 'a page of HTML',
      answer: (_, response) => response.end('<html>'),
      error: {
        code: 'API_UNAVAILABLE',
        status: 0,
        message: expect.stringContaining('is this the API server?'),
      },
    },
    {
      name: '503 in plain text',
      answer: (_, response) => response.writeHead(503).end('upstream is gone'),
      error: { code: 'API_UNAVAILABLE', status: 503, message: expect.stringContaining('upstream is gone') },
    },
    {
      name: '429',
      answer: (_, response) => response.writeHead(429).end('{"reason":"TooManyRequests","message":"slower"}'),
      error: { code: 'API_UNAVAILABLE', status: 429, reason: 'TooManyRequests' },
    },
    {
      name: '429 in plain text, with a header that says when to ask again',
      answer: (_, response) =>
        response.writeHead(429, { 'retry-after': '3' }).end('Too many requests, please try again later.'),
      error: { status: 429, retryAfterMs: 3_000, message: expect.stringContaining('try again later') },
    },
    {
      name: '503 with a Status that says when to ask again',
      answer: (_, response) =>
        response
          .writeHead(503, { 'retry-after': 'Thu, 26 Nov 2026 12:00:00 GMT' })
          .end('{"reason":"ServiceUnavailable","details":{"retryAfterSeconds":2}}'),
      error: { status: 503, reason: 'ServiceUnavailable', retryAfterMs: 2_000 },
    },
    {
      name: '401',
      answer: (_, response) => response.writeHead(401).end('{"reason":"Unauthorized"}'),
      error: { code: 'DENIED', status: 401, reason: 'Unauthorized' },
    },
    {
      name: '410',
      answer: (_, response) => response.writeHead(410).end('{"reason":"Expired"}'),
      error: { code: 'CONFLICT', status: 410, reason: 'Expired' },
    },
    {
      name: 'a body that breaks off',
      answer: (_, response) => {
        response.writeHead(200, { 'content-length': 100 })
        response.write('{', () => response.destroy())
      },
      error: { code: 'API_UNAVAILABLE', status: 0 },
    },
    {
      name: 'a connection that closes without an answer',
      answer: request => request.socket.destroy(),
      error: { code: 'API_UNAVAILABLE', status: 0, message: expect.stringContaining('does not answer') },
    },
  ])('$name: the error says so', async ({ answer, error }) => {
    expect((await ask(answer)).outcome).toMatchObject(error)
  })

  it('silence: gives up after ten seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { outcome } = await ask(() => vi.advanceTimersByTime(10_000))
    expect(outcome).toMatchObject({
      code: 'API_UNAVAILABLE',
      message: expect.stringContaining('no answer within 10 s'),
    })
  })

  it('silence: gives up when the caller does', async () => {
    const caller = new AbortController()
    const { outcome } = await ask(() => caller.abort(), { signal: caller.signal })
    expect(outcome).toMatchObject({ code: 'CANCELLED' })
  })

  it('nobody listens: the error names the address', async () => {
    const server = await startOddServer(() => undefined)
    await server[Symbol.asyncDispose]()
    await using api = await connectApi({ server: server.url, ca: server.ca, token: 'secret' })
    await expect(api.call({ method: 'GET', path: '/x', signal })).rejects.toMatchObject({
      code: 'API_UNAVAILABLE',
      message: expect.stringContaining(server.url.slice('https://'.length)),
    })
  })

  it('a server with the certificate of another authority is not told the token', async () => {
    const seen: unknown[] = []
    await using server = await startOddServer((request, response) => {
      seen.push(request.headers)
      response.end('{}')
    })
    await using api = await connectApi({ server: server.url, ca: rootCertificates[0] ?? '', token: 'secret' })
    await expect(api.call({ method: 'GET', path: '/x', signal })).rejects.toMatchObject({
      code: 'API_UNAVAILABLE',
      message: expect.stringContaining('certificate'),
    })
    expect(seen).toEqual([])
  })
})

describe('an idle connection that the server closes just when it is used', () => {
  /** Answers the first request of a connection, and cuts the second. */
  const cutSecond = (): RequestListener => {
    const used = new WeakSet<object>()
    return ({ socket }, response) => {
      if (used.has(socket)) socket.destroy()
      else response.end('{"kind":"Thing"}')
      used.add(socket)
    }
  }

  it.each<ApiCall['method']>(['GET', 'PUT', 'PATCH', 'DELETE'])('%s is asked again', async method => {
    const { outcome, asked } = await ask(cutSecond(), { method, body: {} }, 2)
    expect(outcome).toEqual({ kind: 'Thing' })
    expect(asked).toHaveLength(3)
  })

  it('POST is not, since the object may have been made', async () => {
    const { outcome, asked } = await ask(cutSecond(), { method: 'POST', body: {} }, 2)
    expect(outcome).toMatchObject({ code: 'API_UNAVAILABLE' })
    expect(asked).toHaveLength(2)
  })
})
