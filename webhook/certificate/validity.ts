import { X509Certificate } from 'node:crypto'

/** Why a certificate is not valid at a time (milliseconds since 1970); undefined when it is. */
export function whyNotValid(certificate: string, now: number): string | undefined {
  const { validFrom, validTo } = new X509Certificate(certificate)
  if (now < Date.parse(validFrom)) return `the certificate is not valid before ${validFrom}`
  if (now >= Date.parse(validTo)) return `the certificate is not valid since ${validTo}`
  return undefined
}

/** Whether it ends within the hour, or within a tenth of its life when that is less. */
export function endsSoon(certificate: string, now: number): boolean {
  const { validFrom, validTo } = new X509Certificate(certificate)
  const life = Date.parse(validTo) - Date.parse(validFrom)
  return Date.parse(validTo) - now < Math.min(3_600_000, life / 10)
}
