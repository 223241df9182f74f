import { once } from 'node:events'
import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { makeAuthority } from '#certs/authority.ts'
import { issue } from '#certs/issue.ts'
import type { CertificateAndKey } from '#certs/pem.ts'

/** An HTTPS server that answers as a test wants, for what a real API server does not do on demand. */
export interface OddServer extends AsyncDisposable {
  /** `https://127.0.0.1:port`. */
  readonly url: string
  readonly ca: string
  /** A client certificate for a user, of the authority that the server trusts. */
  clientOf(user: string): Promise<CertificateAndKey>
}

/** Made once for all of them, since keys take their time. */
const shared = makePki()

async function makePki() {
  const authority = await makeAuthority('nsm odd server')
  return { authority, leaf: await issue(authority, { ips: ['127.0.0.1'] }) }
}

/** What becomes of a connection whose client asks for another protocol. */
export type Upgrade = (request: IncomingMessage, socket: Duplex) => void

/** Starts one on a free port of the loopback; it asks for a client certificate, and takes none as well. */
export async function startOddServer(answer: RequestListener, upgrade?: Upgrade): Promise<OddServer> {
  const { authority, leaf } = await shared
  const trust = { ca: authority.certificate, requestCert: true, rejectUnauthorized: false }
  const server = createServer({ cert: leaf.certificate, key: leaf.key, ...trust }, answer).listen(
    0,
    '127.0.0.1',
  )
  if (upgrade !== undefined) server.on('upgrade', upgrade)
  await once(server, 'listening')
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: authority.certificate,
    clientOf: user => issue(authority, { names: [user], usage: 'client' }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}
