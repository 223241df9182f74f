import { X509Certificate } from 'node:crypto'

/** Whether less than a share of a certificate's life (default a third) is left at a time (milliseconds since 1970). */
export function expiresSoon(
  certificate: string,
  { now = Date.now(), share = 1 / 3 }: { readonly now?: number; readonly share?: number } = {},
): boolean {
  const { validFrom, validTo } = new X509Certificate(certificate)
  const end = Date.parse(validTo)
  return end - now < share * (end - Date.parse(validFrom))
}
