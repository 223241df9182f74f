import { createPrivateKey, X509Certificate } from 'node:crypto'
import forge from 'node-forge'
import { NsmError } from '#sdk/errors.ts'
import { draft } from './draft.ts'
import { newKey } from './key.ts'
import { type CertificateAndKey, pemOf } from './pem.ts'

/** How long an authority lasts. */
export interface AuthorityOptions {
  /** Default 3650. */
  readonly days?: number
  /** Milliseconds since 1970, for tests. Default now. */
  readonly now?: number
}

/** Makes a self-signed certificate authority that may sign leaf certificates, but no other authority. */
export async function makeAuthority(
  name: string,
  { days = 3650, now = Date.now() }: AuthorityOptions = {},
): Promise<CertificateAndKey> {
  const { pem, publicKey } = await newKey()
  const certificate = draft({ commonName: name, publicKey, days, now })
  certificate.setIssuer(certificate.subject.attributes)
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ])
  certificate.sign(forge.pki.privateKeyFromPem(pem), forge.md.sha256.create())
  return { certificate: pemOf(certificate), key: pem }
}

/** An authority that can sign. */
export interface Signer {
  readonly certificate: forge.pki.Certificate
  readonly key: forge.pki.rsa.PrivateKey
}

/** Reads an authority from PEM. Throws BAD_INPUT when it is none, or its key is another one's. */
export function readAuthority(authority: CertificateAndKey): Signer {
  const { certificate, key } = parse(authority)
  const constraints: unknown = certificate.getExtension('basicConstraints')
  if (
    typeof constraints !== 'object' ||
    constraints === null ||
    !('cA' in constraints) ||
    constraints.cA !== true
  ) {
    throw new NsmError(
      'BAD_INPUT',
      `certificate ${commonNameOf(certificate)} is not a certificate authority’s`,
    )
  }
  if (!new X509Certificate(authority.certificate).checkPrivateKey(createPrivateKey(authority.key))) {
    throw new NsmError(
      'BAD_INPUT',
      `certificate authority ${commonNameOf(certificate)}: the private key is not its own`,
    )
  }
  return { certificate, key }
}

function parse({ certificate, key }: CertificateAndKey): Signer {
  try {
    return { certificate: forge.pki.certificateFromPem(certificate), key: forge.pki.privateKeyFromPem(key) }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new NsmError(
      'BAD_INPUT',
      `certificate authority: its PEM cannot be read (an RSA certificate and key are expected): ${why}`,
      { cause },
    )
  }
}

function commonNameOf(certificate: forge.pki.Certificate): string {
  return String(certificate.subject.getField('CN')?.value ?? 'without a name')
}
