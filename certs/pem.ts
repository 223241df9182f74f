import forge from 'node-forge'

/** A certificate and its private key, PEM (PKCS #8). */
export interface CertificateAndKey {
  readonly certificate: string
  readonly key: string
}

/** A certificate as PEM with plain line ends, as every other tool writes it; `node-forge` ends lines with CR LF. */
export function pemOf(certificate: forge.pki.Certificate): string {
  return forge.pki.certificateToPem(certificate).replaceAll('\r', '')
}
