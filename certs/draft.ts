import { randomBytes } from 'node:crypto'
import forge from 'node-forge'
import { headStart } from './made-at.ts'

const day = 24 * 60 * 60_000

/** What every certificate has. */
export interface DraftOptions {
  readonly commonName: string
  readonly publicKey: forge.pki.rsa.PublicKey
  readonly days: number
  /** Milliseconds since 1970. */
  readonly now: number
}

/** A certificate that is not yet signed: a random serial number, a subject, and a time that begins five minutes ago. */
export function draft({ commonName, publicKey, days, now }: DraftOptions): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = publicKey
  // RFC 5280 §4.1.2.2: positive, at most 20 bytes; a leading zero byte would not be the shortest form.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`
  certificate.validity.notBefore = new Date(now - headStart(days * day))
  certificate.validity.notAfter = new Date(now + days * day)
  certificate.setSubject([{ name: 'commonName', value: commonName }])
  return certificate
}
