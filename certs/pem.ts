/** A certificate and its private key, PEM (PKCS #8). */
export interface CertificateAndKey {
  readonly certificate: string
  readonly key: string
}
