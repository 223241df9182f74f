import { X509Certificate } from 'node:crypto'
import { fingerprintsOf, splitPem } from '#certs/bundle.ts'

/** A bundle, and those authorities of another one that are not in it and are valid at a time. */
export function stillTrusted(bundle: string, before: string, now: number): string {
  const known = new Set(fingerprintsOf(bundle))
  const others = splitPem(before).filter(certificate => {
    const [fingerprint] = fingerprintsOf(certificate)
    if (fingerprint === undefined || known.has(fingerprint)) return false
    known.add(fingerprint)
    return Date.parse(new X509Certificate(certificate).validTo) > now
  })
  return `${bundle.trim()}\n${others.join('')}`
}
