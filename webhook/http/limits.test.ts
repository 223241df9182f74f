import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { head, plainConnection, rawConnection, untilClosed } from './raw.contract.ts'
import { keptLog, type TestServer, testServer } from './server.contract.ts'

const quick = { handshakeMs: 100, headersMs: 100, bodyMs: 100 }

describe('a slow client', () => {
  it('is cut off when its handshake does not come', async () => {
    await using served = await testServer({ limits: quick })
    expect(await untilClosed(await plainConnection(served))).toBe('')
    expect(await served.count('nsm_webhook_rejected_total{reason="bad_tls"}')).toBe(1)
  })

  it('keeps a connection on which it has sent nothing yet: Go opens some for later', async () => {
    await using served = await testServer({ limits: quick })
    const socket = await rawConnection(served)
    const other = await rawConnection(served)
    other.write(head().slice(0, -2))
    await untilClosed(other)
    socket.write(`GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n`)
    expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1.1 200 /)
    expect(await served.count('nsm_webhook_rejected_total{reason="timeout"}')).toBe(1)
  })

  it('is cut off when a connection on which it has sent nothing gets as old as an idle one may', async () => {
    await using served = await testServer({ limits: { ...quick, keepAliveMs: 100 } })
    expect(await untilClosed(await rawConnection(served))).toBe('')
  })

  it('is cut off with 408 when it sends headers without an end', async () => {
    await using served = await testServer({ limits: quick })
    const socket = await rawConnection(served)
    socket.write(head().slice(0, -2))
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1.1 408 /)
    expect(await served.count('nsm_webhook_rejected_total{reason="timeout"}')).toBe(1)
  })

  it('is cut off with 408 when it sends headers without an end, byte by byte', async () => {
    await using served = await testServer({ limits: quick })
    const socket = await rawConnection(served)
    socket.write(head().slice(0, -2))
    const drip = setInterval(() => socket.write('a: b\r\n'), 10)
    // What it still sends may make the answer get lost.
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1.1 408 |ECONNRESET/)
    clearInterval(drip)
  })

  it('is cut off with 408 when its body comes byte by byte', async () => {
    await using served = await testServer({ limits: quick })
    const socket = await rawConnection(served)
    socket.write(head('content-length: 1000'))
    const drip = setInterval(() => socket.write(' '), 10)
    expect(await untilClosed(socket)).toMatch(
      /^HTTP\/1.1 408 .*the body did not come within 100 ms\n$|ECONNRESET/s,
    )
    clearInterval(drip)
    expect(await served.count('nsm_webhook_rejected_total{reason="timeout"}')).toBe(1)
    expect(await served.count('nsm_webhook_requests_in_flight')).toBe(0)
  })
})

describe('a hostile client', () => {
  it.each([
    { name: 'one header of 17 KiB', headers: [`a: ${'x'.repeat(17 * 1024)}`], status: 431 },
    {
      name: '2,000 headers',
      headers: Array.from({ length: 2_000 }, (_, index) => `h${index}: x`),
      status: 431,
    },
    { name: 'a length that is no number', headers: ['content-length: 1e3'], status: 400 },
    { name: 'two lengths', headers: ['content-length: 1', 'content-length: 2'], status: 400 },
    {
      name: 'a length and chunks',
      headers: ['content-length: 1', 'transfer-encoding: chunked'],
      status: 400,
    },
  ])('gets $status and is cut off for $name', async ({ headers, status }) => {
    await using served = await testServer()
    const socket = await rawConnection(served)
    socket.write(head(...headers))
    expect(await untilClosed(socket)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(await served.count('nsm_webhook_rejected_total{reason="bad_http"}')).toBe(1)
  })

  it.each([
    { name: 'a header of 64 MiB', line: `a: ${'x'.repeat(1024 * 1024)}` },
    { name: 'headers without number', line: 'a: b\r\n'.repeat(200_000) },
  ])('is cut off long before it has sent $name', async ({ line }) => {
    await using served = await testServer()
    const socket = await rawConnection(served)
    const closed = untilClosed(socket)
    socket.write(head().slice(0, -2))
    for (let sent = 0; sent < 64 && !socket.destroyed; sent++)
      if (!socket.write(line)) await Promise.race([once(socket, 'drain').catch(String), closed])
    await closed
    expect(socket.bytesWritten).toBeLessThan(16 * 1024 * 1024)
  })

  it.each(['HTTP/2 preface', 'nonsense'])('gets 400 and is cut off for %s', async what => {
    await using served = await testServer()
    const socket = await rawConnection(served)
    expect(socket.alpnProtocol).toBe('http/1.1')
    socket.write(what === 'nonsense' ? 'nonsense\r\n\r\n' : 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1.1 400 /)
  })

  it('gets 413 at once for a length of 1 GiB, and is cut off when it sends on', async () => {
    await using served = await testServer()
    const socket = await rawConnection(served)
    socket.write(head('content-length: 1073741824'))
    const answer = untilClosed(socket)
    const [first]: readonly unknown[] = await once(socket, 'data')
    expect(String(first)).toMatch(/^HTTP\/1.1 413 /)
    const rest = Buffer.alloc(1024 * 1024, ' ')
    for (let sent = 0; sent < 1024 && !socket.destroyed; sent++)
      if (!socket.write(rest)) await Promise.race([once(socket, 'drain').catch(String), answer])
    await answer
    expect(socket.bytesWritten).toBeLessThan(64 * 1024 * 1024)
  })

  it('is not the way to more connections than the limit', async () => {
    await using served = await testServer({ limits: { connections: 2 } })
    const kept = [await plainConnection(served), await plainConnection(served)]
    expect(await untilClosed(await plainConnection(served))).toBe('')
    for (const socket of kept) socket.destroy()
  })
})

describe('large bodies', () => {
  const large = 300 * 1024

  it('are refused with 503 and a time to ask again when too many are being read, and small ones are not', async () => {
    await using served = await testServer()
    const reading = await Promise.all(Array.from({ length: 4 }, () => halfSent(served)))
    const body = ' '.repeat(large)
    expect(await served.post({ body })).toMatchObject({ status: 503, retryAfter: '1' })
    expect(await served.post({ chunks: [body], body: '' })).toMatchObject({ status: 503 })
    expect(await served.post({ body: '{' })).toMatchObject({ status: 400 })
    expect(await served.count('nsm_webhook_rejected_total{reason="busy"}')).toBe(2)
    for (const socket of reading) socket.write(' '.repeat(large / 2))
    for (const socket of reading) expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1.1 400 /)
    expect(await served.post({ body })).toMatchObject({ status: 400 })
    for (const socket of reading) socket.destroy()
  })

  it('leave their place when the client goes away; it is logged and counted as cancelled', async () => {
    const log = keptLog()
    await using served = await testServer({ log })
    const reading = await Promise.all(Array.from({ length: 4 }, () => halfSent(served)))
    for (const socket of reading) socket.destroy()
    await expect.poll(() => served.count('nsm_webhook_rejected_total{reason="cancelled"}')).toBe(4)
    expect(log.lines.map(({ message }) => message)).toEqual(Array.from({ length: 4 }, () => 'cancelled'))
    expect(await served.post({ body: ' '.repeat(large) })).toMatchObject({ status: 400 })
  })

  async function halfSent(served: TestServer) {
    const socket = await rawConnection(served)
    const known = await served.count('nsm_webhook_requests_in_flight')
    socket.write(head(`content-length: ${large}`) + ' '.repeat(large / 2))
    await expect.poll(() => served.count('nsm_webhook_requests_in_flight')).toBeGreaterThan(known)
    return socket
  }
})

describe('a client that goes away while its answer waits', () => {
  it('ends the waiting, and is not answered', async () => {
    const waits = Promise.withResolvers<AbortSignal>()
    const ended = Promise.withResolvers<void>()
    await using served = await testServer({
      namespaces: {
        annotationsOf: (_, signal) => {
          waits.resolve(signal)
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              ended.resolve()
              reject(signal.reason as Error)
            })
          })
        },
      },
    })
    const socket = await rawConnection(served)
    const body =
      '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE","kind":{"kind":"Pod"}}}'
    socket.write(head(`content-length: ${body.length}`).replace('/mutate', '/mutate/inherited') + body)
    await waits.promise
    socket.destroy()
    await ended.promise
    await expect.poll(() => served.count('nsm_webhook_rejected_total{reason="cancelled"}')).toBe(1)
  })
})
