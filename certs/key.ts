import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import forge from 'node-forge'

const generate = promisify(generateKeyPair)

/** A new private key in the two forms we need. */
export interface NewKey {
  /** PKCS #8. */
  readonly pem: string
  readonly publicKey: forge.pki.rsa.PublicKey
}

/**
 * Makes an RSA key of 2048 bits. OpenSSL makes it off the event loop: forge, in JavaScript, would take seconds on it.
 * RSA, since forge signs with nothing else that TLS takes everywhere.
 */
export async function newKey(): Promise<NewKey> {
  const { privateKey, publicKey } = await generate('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return { pem: privateKey, publicKey: forge.pki.publicKeyFromPem(publicKey) }
}
