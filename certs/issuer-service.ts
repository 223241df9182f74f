import { createPublicKey, type KeyObject } from 'node:crypto'
import forge from 'node-forge'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { implement, type Served } from '#sdk/rpc/implement.ts'
import { nodeUri } from '#sdk/rpc/tls.ts'
import { Issuer } from '#sdk/wire/gen/issuer/issuer_pb.ts'
import type { CertificateAndKey } from './pem.ts'
import { sign } from './sign.ts'

/** The authority that signs now, and those that are believed. */
export interface Authorities {
  readonly signing: CertificateAndKey
  /** PEM; default the signing one alone. While authorities change, both. */
  readonly trusted?: readonly string[]
}

/** Who asks for a certificate: what the server knows of the connection, and what the caller shows. */
export interface Applicant<P> {
  readonly peer: P
  readonly token: string
  readonly signal: AbortSignal
}

/** How an issuer decides. */
export interface IssuerServiceOptions<P> {
  /** Names the caller's node, by what the caller cannot choose. Throws DENIED. */
  readonly nodeOf: (applicant: Applicant<P>) => Promise<string>
  /** Asked at each enrolment, after the caller is known. */
  readonly authorities: (signal: AbortSignal) => Promise<Authorities>
  /** Life of a certificate in days; default 1. */
  readonly days?: number
  readonly log?: Log
}

/** The least bits of an RSA key (NIST SP 800-57, until 2030), and more than anybody needs: a longer one only costs. */
const bitsOfKey = { least: 2048, most: 8192 } as const

/** Issuer: certifies the key of a caller for the caller's node. */
export function issuerService<P>({ nodeOf, authorities, days = 1, log }: IssuerServiceOptions<P>): Served<P> {
  return implement<typeof Issuer, P>(Issuer, {
    async enroll({ publicKey, token }, { peer, signal }) {
      const key = readPublicKey(publicKey)
      const node = await nodeOf({ peer, token, signal })
      const { signing, trusted = [signing.certificate] } = await authorities(signal)
      const certificate = sign(signing, key, { uris: [nodeUri(node)], days })
      log?.info({ node }, `certified the manager of node ${node}`)
      return { certificates: [certificate], authorities: [...trusted] }
    },
  })
}

/** Reads the key of a request. Throws BAD_INPUT for what is no RSA key of a usual length. */
function readPublicKey(der: Uint8Array): forge.pki.rsa.PublicKey {
  const key = parse(der)
  const bits = key?.asymmetricKeyDetails?.modulusLength ?? 0
  if (key?.asymmetricKeyType !== 'rsa' || bits < bitsOfKey.least || bits > bitsOfKey.most)
    throw new NsmError(
      'BAD_INPUT',
      `certifying a manager: the public key is ${key === undefined ? 'no SubjectPublicKeyInfo' : `${key.asymmetricKeyType} of ${bits} bits`}; expected RSA of ${bitsOfKey.least} bits or more`,
    )
  return forge.pki.publicKeyFromPem(key.export({ type: 'spki', format: 'pem' }).toString())
}

function parse(der: Uint8Array): KeyObject | undefined {
  if (der.length > 4096) return undefined
  try {
    return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}
