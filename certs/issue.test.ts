import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { makeAuthority, readAuthority } from './authority.ts'
import { issue } from './issue.ts'
import type { CertificateAndKey } from './pem.ts'

const day = 24 * 60 * 60_000
let authority: CertificateAndKey
let stranger: CertificateAndKey
const open: { close(): unknown }[] = []

beforeAll(async () => {
  ;[authority, stranger] = await Promise.all([makeAuthority('nsm test'), makeAuthority('nsm test')])
})

afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

describe('makeAuthority()', () => {
  it('makes a certificate that signs itself and may sign leaves', () => {
    const certificate = new X509Certificate(authority.certificate)
    expect(certificate.ca).toBe(true)
    expect(certificate.subject).toBe('CN=nsm test')
    expect(certificate.checkIssued(certificate)).toBe(true)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
  })
})

describe('readAuthority()', () => {
  it.each([
    { name: 'text', pem: () => ({ certificate: 'no', key: 'no' }), says: /PEM cannot be read/ },
    {
      name: 'another key',
      pem: () => ({ ...authority, key: stranger.key }),
      says: /private key is not its own/,
    },
  ])('refuses $name', ({ pem, says }) => {
    expect(() => readAuthority(pem())).toThrow(says)
  })

  it('refuses a leaf', async () => {
    const leaf = await issue(authority, { names: ['a'] })
    expect(() => readAuthority(leaf)).toThrow(/certificate a is not a certificate authority/)
  })
})

describe('issue()', () => {
  it('names DNS names, addresses of both families and URIs', async () => {
    const leaf = await issue(authority, {
      names: ['nsm-webhook.nsm-system.svc'],
      ips: ['127.0.0.1', 'fd00::1'],
      uris: ['spiffe://nsm/node'],
    })
    const certificate = new X509Certificate(leaf.certificate)
    expect(certificate.subjectAltName).toBe(
      'DNS:nsm-webhook.nsm-system.svc, IP Address:127.0.0.1, IP Address:FD00:0:0:0:0:0:0:1, URI:spiffe://nsm/node',
    )
    expect(certificate.checkIssued(new X509Certificate(authority.certificate))).toBe(true)
    expect(certificate.ca).toBe(false)
  })

  it('begins five minutes ago, and ends with its authority', async () => {
    const now = Date.UTC(2030, 0, 1)
    const short = await makeAuthority('short', { days: 2, now })
    const leaf = new X509Certificate((await issue(short, { names: ['a'], days: 30, now })).certificate)
    expect(Date.parse(leaf.validFrom)).toBe(now - 5 * 60_000)
    expect(Date.parse(leaf.validTo)).toBe(now + 2 * day)
  })

  it.each([
    { name: 'no name at all', options: {}, says: /name at least one/ },
    {
      name: 'an address that is none',
      options: { ips: ['10.0.0.300'] },
      says: /"10\.0\.0\.300" is not an IP address/,
    },
  ])('refuses $name', async ({ options, says }) => {
    await expect(issue(authority, options)).rejects.toThrow(says)
  })

  it('makes what TLS accepts for its name and its authority, and for no other', async () => {
    const leaf = await issue(authority, { names: ['webhook.test'], usage: 'server' })
    const port = await serve(leaf)
    await expect(handshake(port, 'webhook.test', authority)).resolves.toBe('TLSv1.3')
    await expect(handshake(port, 'other.test', authority)).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
    await expect(handshake(port, 'webhook.test', stranger)).rejects.toThrow(/signature|certificate/)
  })

  it('makes a client certificate that a server cannot use', async () => {
    const port = await serve(await issue(authority, { names: ['webhook.test'], usage: 'client' }))
    await expect(handshake(port, 'webhook.test', authority)).rejects.toMatchObject({
      code: 'INVALID_PURPOSE',
    })
  })
})

async function serve({ certificate, key }: CertificateAndKey): Promise<number> {
  const server = createServer({ cert: certificate, key }, socket => socket.end())
  open.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not on TCP')
  return address.port
}

async function handshake(
  port: number,
  servername: string,
  { certificate }: CertificateAndKey,
): Promise<string | null> {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', servername, ca: certificate })
  try {
    await once(socket, 'secureConnect')
    return socket.getProtocol()
  } finally {
    socket.destroy()
  }
}
