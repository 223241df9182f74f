import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ask } from '#webhook/golden.contract.ts'
import { startLoad } from './load.contract.ts'
import { rawConnection, untilClosed } from './raw.contract.ts'
import { testServer } from './server.contract.ts'

const never = new AbortController().signal

const body = JSON.stringify({
  kind: 'AdmissionReview',
  ...ask({
    kind: 'Pod',
    metadata: { name: 'a', namespace: 'default', annotations: { 'networkservicemesh.io': 'kernel://a' } },
    spec: { containers: [{ name: 'app' }] },
  }),
})

describe('drain()', () => {
  it('loses no request of clients that are asking all the time', async () => {
    await using leaving = await testServer()
    await using staying = await testServer()
    await using load = startLoad([leaving, staying], 8, body)
    await expect.poll(() => Math.min(...load.answers)).toBeGreaterThan(100)
    await leaving.server.drain(300, never)
    const [left, stayed = 0] = load.answers
    await expect.poll(() => load.answers[1]).toBeGreaterThan(stayed + 100)
    await load.stop()
    expect(load.failures).toEqual([])
    expect(load.answers[0]).toBe(left)
  })

  it('is not ready from the first moment, serves on during the delay, and tells clients to close', async () => {
    await using served = await testServer()
    const hurry = new AbortController()
    const drained = served.server.drain(60_000, hurry.signal)
    const readiness = await served.post({ method: 'GET', path: '/readyz' })
    expect(readiness).toMatchObject({ status: 503, body: 'the webhook is stopping\n', connection: 'close' })
    expect(await served.post({ body })).toMatchObject({ status: 200, connection: 'close' })
    expect(await served.post({ method: 'GET', path: '/healthz' })).toMatchObject({ status: 200 })
    hurry.abort()
    await drained
    await expect(served.post({ body })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('finishes the request that it has, and takes no other', async () => {
    const asked = Promise.withResolvers<void>()
    const known = Promise.withResolvers<Record<string, string>>()
    await using served = await testServer({
      namespaces: {
        annotationsOf: () => {
          asked.resolve()
          return known.promise
        },
      },
    })
    const answer = served.post({ path: '/mutate/inherited', body })
    await asked.promise
    const drained = served.server.drain(0, never)
    await expect(served.post({ body })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    known.resolve({})
    expect(await answer).toMatchObject({ status: 200, connection: 'close' })
    await drained
  })

  it('closes connections on which nothing happens, used or not', async () => {
    await using served = await testServer()
    const used = await rawConnection(served)
    used.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n')
    await once(used, 'data')
    const unused = await rawConnection(served)
    const closed = Promise.all([used, unused].map(untilClosed))
    await served.server.drain(0, never)
    expect(await closed).toEqual(['', ''])
  })

  it('cuts off who does not come to an end', async () => {
    await using served = await testServer({ limits: { headersMs: 50, bodyMs: 50 } })
    const socket = await rawConnection(served)
    socket.write('POST /mutate HTTP/1.1\r\nhost: a\r\n')
    await served.server.drain(0, never)
    expect(await untilClosed(socket)).not.toMatch(/200/)
  })

  it('may be called again, and before listening', async () => {
    const served = await testServer()
    await Promise.all([served.server.drain(0, never), served.server.drain(0, never)])
    await served[Symbol.asyncDispose]()
  })
})
