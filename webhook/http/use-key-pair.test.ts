import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { ask } from '#webhook/golden.contract.ts'
import { startLoad } from './load.contract.ts'
import { type TestServer, testKeyPair, testServer } from './server.contract.ts'

describe('useKeyPair()', () => {
  it('loses no request while it is called again and again, and new connections see the new certificate', async () => {
    await using served = await testServer()
    const body = JSON.stringify({
      kind: 'AdmissionReview',
      ...ask({ kind: 'Pod', metadata: { namespace: 'default' }, spec: {} }),
    })
    await using load = startLoad([served], 8, body)
    await load.connected
    const names = ['first.test', 'second.test', 'third.test']
    for (const name of names) {
      served.server.useKeyPair(await testKeyPair(name))
      const [known = 0] = load.answers
      await expect.poll(() => load.answers[0]).toBeGreaterThan(known + 50)
      expect(await served.post({ body })).toMatchObject({ status: 200, server: name })
    }
    await load.stop()
    expect(load.failures).toEqual([])
    expect([...load.certificates]).toEqual(['webhook.test'])
  })

  it('keeps the pair in use when the new one does not match', async () => {
    await using served = await testServer()
    const [one, other] = [await testKeyPair('one.test'), await testKeyPair('other.test')]
    expect(() => served.server.useKeyPair({ cert: one.cert, key: other.key })).toThrow(/key values mismatch/)
    expect(await served.post({ method: 'GET', path: '/healthz' })).toMatchObject({ server: 'webhook.test' })
  })

  it('ends the sessions of the old certificate, and only those', async () => {
    await using served = await testServer()
    const session = await sessionOf(served)
    expect(await resumes(served, session)).toBe(true)
    served.server.useKeyPair(await testKeyPair('next.test'))
    expect(await resumes(served, session)).toBe(false)
    expect(await resumes(served, await sessionOf(served))).toBe(true)
  })

  it('tells the metrics until when the certificate is valid', async () => {
    await using served = await testServer()
    const inADay = Date.now() / 1000 + 24 * 3600
    expect(await served.count('nsm_webhook_cert_not_after_seconds')).toBeGreaterThan(inADay)
  })
})

function open({ url, ca }: TestServer, session?: Buffer): TLSSocket {
  const { hostname, port } = new URL(url)
  return connect({ host: hostname, port: Number(port), ca, ...(session === undefined ? {} : { session }) })
}

async function sessionOf(served: TestServer): Promise<Buffer> {
  const socket = open(served)
  socket.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n')
  const [session]: readonly unknown[] = await once(socket, 'session')
  socket.destroy()
  if (!Buffer.isBuffer(session)) throw new Error('no session')
  return session
}

async function resumes(served: TestServer, session: Buffer): Promise<boolean> {
  const socket = open(served, session)
  await once(socket, 'secureConnect')
  const reused = socket.isSessionReused()
  socket.destroy()
  return reused
}
