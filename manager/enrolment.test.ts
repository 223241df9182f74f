import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { silent } from '#sdk/log.ts'
import { testIssuers } from '#test/issuer.ts'
import { Enrolment } from './enrolment.ts'
import { eventually } from './fixture.ts'

/** Two seconds, in days. */
const short = 2 / 86_400

describe('Enrolment', () => {
  it('has a certificate of its node soon, and a new key and certificate before that ends', async () => {
    await using issuers = await testIssuers()
    const issuer = await issuers.serve('node-1', short)
    await using enrolment = new Enrolment({ issuer: issuer.address, node: 'node-1', log: silent })
    await enrolment.ready(5000)
    const first = enrolment.current()
    const certificate = new X509Certificate(first.certificate)
    expect(certificate.subjectAltName).toBe('URI:spiffe://nsm/node/node-1')
    expect(first.authorities).toBe(issuers.authorities.signing.certificate)
    const second = await eventually('a new certificate', () => {
      const now = enrolment.current()
      return now.certificate === first.certificate ? undefined : now
    })
    expect(second.key).not.toBe(first.key)
  })

  it('keeps its certificate while the issuer is away, and gets a new one when it is back', async () => {
    await using issuers = await testIssuers()
    const before = await issuers.serve('node-1', short)
    await using enrolment = new Enrolment({ issuer: before.address, node: 'node-1', log: silent })
    await enrolment.ready(5000)
    await before[Symbol.asyncDispose]()
    const first = enrolment.current()
    await eventually('the first certificate has ended', () =>
      Date.now() > new X509Certificate(first.certificate).validToDate.getTime() ? true : undefined,
    )
    expect(enrolment.current()).toBe(first)
    await issuers.serve('node-1')
    await eventually('a new certificate', () => (enrolment.current() === first ? undefined : true))
  })

  it('finds the issuer at its other address when it has left the first, and says so once', async () => {
    await using issuers = await testIssuers()
    const { address: elsewhere } = await issuers.serve('node-1', short)
    const said: string[] = []
    await using enrolment = new Enrolment({
      issuer: 'unix:///tmp/nsm-no-issuer.sock',
      elsewhere,
      node: 'node-1',
      log: { ...silent, warn: (_, text) => void said.push(text) },
    })
    await enrolment.ready(5000)
    expect(enrolment.current().authorities).toBe(issuers.authorities.signing.certificate)
    expect(said).toEqual([expect.stringContaining('the socket is not there')])
  })

  it('says what it waits for while it has none', async () => {
    const issuer = 'unix:///tmp/nsm-no-issuer.sock'
    await using enrolment = new Enrolment({ issuer, node: 'node-1', log: silent })
    await eventually('a refusal', () => {
      try {
        return enrolment.current()
      } catch (thrown) {
        return String(thrown).includes('the socket is not there') ? true : undefined
      }
    })
  })

  it('refuses a certificate for another node than NODE_NAME says', async () => {
    await using issuers = await testIssuers()
    const { address: issuer } = await issuers.serve('node-2')
    await using enrolment = new Enrolment({ issuer, node: 'node-1', log: silent })
    await eventually('a refusal', () => {
      try {
        return enrolment.current()
      } catch (thrown) {
        return String(thrown).includes(
          'takes this node for URI:spiffe://nsm/node/node-2, and NODE_NAME says node-1',
        )
          ? true
          : undefined
      }
    })
  })
})
