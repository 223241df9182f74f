import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP, SocketAddress } from 'node:net'

/** A certificate authority as the rotation sees it. */
export interface Authority {
  /** SHA-256 of the certificate, 16 hexadecimal digits: a name, not a proof. */
  readonly fingerprint: string
  /** Milliseconds since 1970. */
  readonly notBefore: number
  readonly notAfter: number
  /** PEM. */
  readonly certificate: string
  /** PEM; absent for an authority that is trusted only, and no longer signs. */
  readonly key?: string
}

/** A leaf as the rotation sees it. */
export interface Leaf extends Omit<Authority, 'key'> {
  /** Fingerprint of the authority that signed it; absent when that is none of those that are trusted. */
  readonly authority?: string
  /** DNS names and IP addresses that it is for. */
  readonly names: readonly string[]
  readonly key: string
}

/** Reads one certificate. Throws what `node:crypto` throws. */
export function readFacts(certificate: string): Omit<Authority, 'key'> {
  const parsed = new X509Certificate(certificate)
  return {
    fingerprint: fingerprintOf(parsed),
    notBefore: Date.parse(parsed.validFrom),
    notAfter: Date.parse(parsed.validTo),
    certificate,
  }
}

/** Reads a leaf, and who of these authorities signed it. Throws when the key is another one's, or the PEM is none. */
export function readLeaf(
  { certificate, key }: { readonly certificate: string; readonly key: string },
  authorities: readonly Authority[],
): Leaf {
  const parsed = new X509Certificate(certificate)
  if (!parsed.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is not the certificate’s')
  const signer = authorities.find(authority => isSignedBy(parsed, new X509Certificate(authority.certificate)))
  return {
    ...readFacts(certificate),
    names: namesOf(parsed),
    key,
    ...(signer === undefined ? {} : { authority: signer.fingerprint }),
  }
}

/** Whether the authority signed the certificate; the time plays no part. */
export function isSignedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
}

/** 16 hexadecimal digits of the SHA-256 of a certificate. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').slice(0, 16).toLowerCase()
}

function namesOf(certificate: X509Certificate): readonly string[] {
  return (certificate.subjectAltName ?? '')
    .split(', ')
    .map(name => /^(?:DNS|IP Address):(.+)$/.exec(name)?.[1])
    .filter(name => name !== undefined)
    .map(canonicalName)
}

/** The one form of a DNS name or an IP address by which names are compared. */
export function canonicalName(name: string): string {
  const version = isIP(name)
  if (version === 0) return name.toLowerCase()
  return new SocketAddress({ address: name, family: version === 4 ? 'ipv4' : 'ipv6' }).address
}
