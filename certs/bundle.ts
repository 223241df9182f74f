import { X509Certificate } from 'node:crypto'
import { type Authority, fingerprintOf, isSignedBy } from './facts.ts'

/** The longest chain of intermediate authorities that is followed. */
const longest = 8

/** The certificates of a PEM file, in order; what stands between them is left out. */
export function splitPem(pem: string): readonly string[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)].map(
    match => `${match[0]}\n`,
  )
}

/** Several authorities as one PEM file, as `caBundle` and `ca.crt` have them. */
export function bundleOf(authorities: readonly Pick<Authority, 'certificate'>[]): string {
  return authorities.map(({ certificate }) => `${certificate.trim()}\n`).join('')
}

/** The fingerprints of a bundle’s certificates; one that cannot be read has none. */
export function fingerprintsOf(bundle: string): readonly string[] {
  return parseAll(bundle).map(fingerprintOf)
}

/** Why a client that trusts the bundle would refuse the chain (leaf first) at a time; undefined when it would not. */
export function whyRefused(chain: string, bundle: string, now: number): string | undefined {
  const [leaf, ...between] = parseAll(chain)
  const trusted = parseAll(bundle)
  if (leaf === undefined) return 'there is no certificate'
  if (trusted.length === 0) return 'it trusts no authority'
  let current = leaf
  for (let depth = 0; depth < longest; depth++) {
    if (!isValid(current, now)) return `${current.subject} is not valid now (until ${current.validTo})`
    const subject = current
    const roots = trusted.filter(
      root => root.fingerprint256 === subject.fingerprint256 || isSignedBy(subject, root),
    )
    if (roots.some(root => isValid(root, now))) return undefined
    if (roots.length > 0) return 'the authority that signed the certificate is not valid now'
    const next = between.find(certificate => certificate !== subject && isSignedBy(subject, certificate))
    if (next === undefined) return 'it does not trust the authority that signed the certificate'
    current = next
  }
  return `the chain has more than ${longest} certificates`
}

function isValid(certificate: X509Certificate, now: number): boolean {
  return Date.parse(certificate.validFrom) <= now && now < Date.parse(certificate.validTo)
}

function parseAll(pem: string): readonly X509Certificate[] {
  return splitPem(pem).flatMap(text => {
    try {
      return [new X509Certificate(text)]
    } catch {
      // What no verifier can read helps nobody to verify.
      return []
    }
  })
}
