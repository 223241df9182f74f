import { newKey } from './key.ts'
import type { CertificateAndKey } from './pem.ts'
import { type LeafOptions, sign } from './sign.ts'

/** What a certificate is for. At least one of names, ips and uris is needed. */
export type IssueOptions = LeafOptions

/**
 * Makes a key and a certificate for it, signed by an authority, never outliving it.
 * Throws BAD_INPUT when nothing is named, an IP address is none, or the authority cannot sign.
 */
export async function issue(authority: CertificateAndKey, options: IssueOptions): Promise<CertificateAndKey> {
  const { pem, publicKey } = await newKey()
  return { certificate: sign(authority, publicKey, options), key: pem }
}
