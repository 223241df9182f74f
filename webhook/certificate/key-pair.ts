import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { NsmError } from '#sdk/errors.ts'

/** A certificate chain and its private key, PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** Where a key pair is. */
export interface KeyPairFiles {
  readonly certificate: string
  readonly key: string
}

/** Reads and checks a key pair. Throws BAD_CONFIG naming the file when one is missing, or they do not belong together. */
export async function readKeyPair(files: KeyPairFiles): Promise<KeyPair> {
  try {
    const [cert, key] = await Promise.all([readFile(files.certificate, 'utf8'), readFile(files.key, 'utf8')])
    checkKeyPair({ cert, key })
    return { cert, key }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const advice =
      'mount the Secret of the certificate there, or point NSM_CERT_FILE_PATH and NSM_KEY_FILE_PATH at it'
    throw new NsmError(
      'BAD_CONFIG',
      `certificate ${files.certificate} with key ${files.key}: ${why}; ${advice}`,
      { cause },
    )
  }
}

/** Throws when the key is not the certificate’s, or one of them is none. */
export function checkKeyPair({ cert, key }: KeyPair): void {
  // A Secret that is being replaced may show the new certificate and the old key for a moment.
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new Error('the key is not the certificate’s')
}
