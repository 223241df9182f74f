import { createPublicKey, type KeyObject } from 'node:crypto'
import forge from 'node-forge'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { implement } from '#sdk/rpc/implement.ts'
import { type Server, serve } from '#sdk/rpc/serve.ts'
import { nodeUri } from '#sdk/rpc/tls.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { Issuer } from '#sdk/wire/gen/issuer/issuer_pb.ts'
import type { CertificateAndKey } from './pem.ts'
import { sign } from './sign.ts'

/** The authority that signs now, and those that are believed. */
export interface Authorities {
  readonly signing: CertificateAndKey
  /** PEM; default the signing one alone. While authorities change, both. */
  readonly trusted?: readonly string[]
}

/** Whom an issuer serves, and where. */
export interface IssuerOptions {
  /** A socket that only this node's manager can reach: it is what names the node. */
  readonly address: Address
  readonly node: string
  /** Asked at each enrolment. */
  readonly authorities: () => Authorities
  /** Life of a certificate in days; default 1. */
  readonly days?: number
  readonly log?: Log
}

/** The least bits of an RSA key (NIST SP 800-57, until 2030). */
const leastBits = 2048

/** Serves Issuer to the manager of one node until disposed. */
export async function serveIssuer({
  address,
  node,
  authorities,
  days = 1,
  log,
}: IssuerOptions): Promise<Server> {
  return await serve({
    address,
    ...(log === undefined ? {} : { log }),
    peerOf: () => undefined,
    services: [
      implement<typeof Issuer, undefined>(Issuer, {
        async enroll({ publicKey }) {
          const { signing, trusted = [signing.certificate] } = authorities()
          const key = readPublicKey(publicKey, node)
          const certificate = sign(signing, key, { uris: [nodeUri(node)], days })
          log?.info({ node }, `certified the manager of node ${node}`)
          return { certificates: [certificate], authorities: [...trusted] }
        },
      }),
    ],
  })
}

/** Reads the key of a request. Throws BAD_INPUT for what is no RSA key of 2048 bits. */
function readPublicKey(der: Uint8Array, node: string): forge.pki.rsa.PublicKey {
  const key = parse(der)
  const bits = key?.asymmetricKeyDetails?.modulusLength ?? 0
  if (key?.asymmetricKeyType !== 'rsa' || bits < leastBits)
    throw new NsmError(
      'BAD_INPUT',
      `certifying node ${node}: the public key is ${key === undefined ? 'no SubjectPublicKeyInfo' : `${key.asymmetricKeyType} of ${bits} bits`}; expected RSA of ${leastBits} bits or more`,
    )
  return forge.pki.publicKeyFromPem(key.export({ type: 'spki', format: 'pem' }).toString())
}

function parse(der: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}
