import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dial } from '#sdk/rpc/dial.ts'
import { Issuer } from '#sdk/wire/gen/issuer/issuer_pb.ts'
import { makeAuthority } from './authority.ts'
import { serveIssuer } from './issuer.ts'
import type { CertificateAndKey } from './pem.ts'

const directory = mkdtempSync(join(tmpdir(), 'nsm-issuer-'))
afterAll(() => rmSync(directory, { recursive: true }))

let authority: CertificateAndKey
beforeAll(async () => {
  authority = await makeAuthority('mesh')
})

async function enroll(publicKey: Uint8Array, trusted?: readonly string[]) {
  const address = `unix://${join(directory, 'issuer.sock')}` as const
  await using _ = await serveIssuer({
    address,
    node: 'node-1',
    authorities: () => ({ signing: authority, ...(trusted === undefined ? {} : { trusted }) }),
  })
  await using channel = dial(address)
  return await channel.client(Issuer).enroll({ publicKey })
}

function spki(key: ReturnType<typeof rsa>): Uint8Array {
  return key.export({ type: 'spki', format: 'der' })
}

function rsa(modulusLength = 2048) {
  return generateKeyPairSync('rsa', { modulusLength }).publicKey
}

describe('an issuer', () => {
  it('certifies a key for the node that its socket is of, for both ends of TLS, for a day', async () => {
    const key = rsa()
    const { certificates, authorities } = await enroll(spki(key))
    const certificate = new X509Certificate(certificates[0] ?? '')
    expect(authorities).toEqual([authority.certificate])
    expect(certificate.subjectAltName).toBe('URI:spiffe://nsm/node/node-1')
    expect(certificate.publicKey.equals(key)).toBe(true)
    expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true)
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
    const hours = (Date.parse(certificate.validTo) - Date.now()) / 3_600_000
    expect(hours).toBeGreaterThan(23)
    expect(hours).toBeLessThan(25)
  })

  it('says which authorities are believed while they change', async () => {
    const next = await makeAuthority('next')
    const both = [authority.certificate, next.certificate]
    expect((await enroll(spki(rsa()), both)).authorities).toEqual(both)
  })

  it.each([
    { what: 'a short key', key: () => spki(rsa(1024)), words: /rsa of 1024 bits; expected RSA of 2048 bits/ },
    {
      what: 'a key of another kind',
      key: () => spki(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey),
      words: /ec of 0 bits/,
    },
    { what: 'what is no key', key: () => Buffer.from('key'), words: /no SubjectPublicKeyInfo/ },
    { what: 'nothing', key: () => Buffer.alloc(0), words: /no SubjectPublicKeyInfo/ },
  ])('refuses $what', async ({ key, words }) => {
    await expect(enroll(key())).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(words),
    })
  })
})
