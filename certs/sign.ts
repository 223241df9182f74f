import { constants, privateEncrypt } from 'node:crypto'
import { isIP } from 'node:net'
import forge from 'node-forge'
import { NsmError } from '#sdk/errors.ts'
import { readAuthority } from './authority.ts'
import { draft } from './draft.ts'
import { type CertificateAndKey, pemOf } from './pem.ts'

/** What a certificate is for. At least one of names, ips and uris is needed. */
export interface LeafOptions {
  /** DNS names; the first is the common name as well. */
  readonly names?: readonly string[]
  readonly ips?: readonly string[]
  /** URIs, such as SPIFFE ids. */
  readonly uris?: readonly string[]
  /** Default 365. */
  readonly days?: number
  /** Which end of TLS it may be. Default both. */
  readonly usage?: 'server' | 'client' | 'both'
  /** Milliseconds since 1970, for tests. Default now. */
  readonly now?: number
}

/**
 * Certifies a public key by an authority, never outliving it; PEM. Throws BAD_INPUT when nothing is named, an IP
 * address is none, or the authority cannot sign.
 */
export function sign(
  authority: CertificateAndKey,
  publicKey: forge.pki.rsa.PublicKey,
  options: LeafOptions,
): string {
  const { days = 365, usage = 'both', now = Date.now() } = options
  const signer = readAuthority(authority)
  const altNames = altNamesOf(options)
  const certificate = draft({ commonName: commonNameOf(options), publicKey, days, now })
  certificate.setIssuer(signer.certificate.subject.attributes)
  if (certificate.validity.notAfter > signer.certificate.validity.notAfter)
    certificate.validity.notAfter = signer.certificate.validity.notAfter
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', serverAuth: usage !== 'client', clientAuth: usage !== 'server' },
    { name: 'subjectAltName', altNames },
    { name: 'subjectKeyIdentifier' },
    {
      name: 'authorityKeyIdentifier',
      keyIdentifier: signer.certificate.generateSubjectKeyIdentifier().getBytes(),
    },
  ])
  certificate.sign({ ...signer.key, sign: md => rsaSignature(authority.key, md) }, forge.md.sha256.create())
  return pemOf(certificate)
}

/** What DER puts before a SHA-256 digest that is signed (RFC 8017 §9.2 note 1). */
const digestInfo = Buffer.from('3031300d060960864801650304020105000420', 'hex')

/** RSASSA-PKCS1-v1_5 by OpenSSL: `node-forge` takes tens of milliseconds of the event loop for it. */
function rsaSignature(key: string, md: forge.md.MessageDigest | string): string {
  const digest = Buffer.from(typeof md === 'string' ? md : md.digest().getBytes(), 'latin1')
  const padding = constants.RSA_PKCS1_PADDING
  return privateEncrypt({ key, padding }, Buffer.concat([digestInfo, digest])).toString('latin1')
}

/** A common name has at most 64 characters (RFC 5280 appendix A); nobody reads it beside the alternative names. */
function commonNameOf({ names = [], ips = [], uris = [] }: LeafOptions): string {
  return ([...names, ...ips, ...uris][0] ?? '').slice(0, 64)
}

function altNamesOf({ names = [], ips = [], uris = [] }: LeafOptions): readonly object[] {
  const wrong = ips.find(ip => isIP(ip) === 0)
  if (wrong !== undefined)
    throw new NsmError('BAD_INPUT', `certificate: ${JSON.stringify(wrong)} is not an IP address`)
  const found = [
    ...names.map(value => ({ type: 2, value })),
    ...ips.map(ip => ({ type: 7, ip })),
    ...uris.map(value => ({ type: 6, value })),
  ]
  if (found.length === 0)
    throw new NsmError('BAD_INPUT', 'certificate: name at least one DNS name, IP address or URI')
  return found
}
