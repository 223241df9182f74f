/** For tests: issuers of certificates for the managers of nodes, all of one authority until another takes over. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeAuthority } from '#certs/authority.ts'
import { issue } from '#certs/issue.ts'
import { serveIssuer } from '#certs/issuer.ts'
import type { Authorities } from '#certs/issuer-service.ts'
import type { CertificateAndKey } from '#certs/pem.ts'
import { type Credentials, nodeUri } from '#sdk/rpc/tls.ts'
import type { Address } from '#sdk/rpc/types.ts'

/** Issuers that share their authorities. */
export interface TestIssuers extends AsyncDisposable {
  /** Who signs and who is believed, from the next enrolment on. */
  authorities: Authorities
  /** Starts the issuer of one node; `days` is the life of its certificates. Disposing ends it. */
  serve(node: string, days?: number): Promise<AsyncDisposable & { readonly address: Address }>
}

/** A certificate authority for tests. */
export function testAuthority(name: string): Promise<CertificateAndKey> {
  return makeAuthority(name)
}

/** Credentials of a node, or of whoever a URI names; `now` is when they were made. */
export async function testCredentials(
  authority: CertificateAndKey,
  { node = '', uri = nodeUri(node), now = Date.now() },
): Promise<Credentials> {
  const { certificate, key } = await issue(authority, { uris: [uri], days: 1, now })
  return { certificate, key, authorities: authority.certificate }
}

/** Issuers of a new authority, with their sockets in a directory of their own. */
export async function testIssuers(): Promise<TestIssuers> {
  const directory = mkdtempSync(join(tmpdir(), 'nsm-issuer-'))
  const running = new AsyncDisposableStack()
  const own: TestIssuers = {
    authorities: { signing: await makeAuthority('mesh') },
    serve: async (node, days = 1) => {
      const address: Address = `unix://${join(directory, `${node}.sock`)}`
      const server = await serveIssuer({ address, node, days, authorities: () => own.authorities })
      const once = running.use(new AsyncDisposableStack())
      once.use(server)
      return { address, [Symbol.asyncDispose]: () => once.disposeAsync() }
    },
    [Symbol.asyncDispose]: async () => {
      await running.disposeAsync()
      rmSync(directory, { recursive: true, force: true })
    },
  }
  return own
}
