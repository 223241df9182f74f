import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { inspect } from 'node:util'

/** A key of Curve25519 (RFC 7748) as WireGuard uses it. Its secret is shown by nothing but `bytes`. */
export class SecretKey {
  readonly #secret: Buffer
  /** Base64 of 32 bytes, as `wg show` writes it. */
  readonly publicKey: string

  /** Of 32 bytes. Throws TypeError for another number. */
  constructor(secret: Uint8Array) {
    if (secret.length !== 32) throw new TypeError('a key of Curve25519 has 32 bytes')
    this.#secret = Buffer.from(secret)
    const key = createPrivateKey({
      key: Buffer.concat([pkcs8, this.#secret]),
      format: 'der',
      type: 'pkcs8',
    })
    this.publicKey = rawPublic(createPublicKey(key)).toString('base64')
  }

  /** A new one. */
  static generate(): SecretKey {
    const { privateKey } = generateKeyPairSync('x25519')
    return new SecretKey(privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(pkcs8.length))
  }

  /** The secret, for the kernel alone. */
  bytes(): Buffer {
    return Buffer.from(this.#secret)
  }

  toJSON(): { readonly publicKey: string } {
    return { publicKey: this.publicKey }
  }

  [inspect.custom](): string {
    return `SecretKey(${this.publicKey})`
  }
}

function rawPublic(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(-32)
}

/** What comes before the 32 bytes in PKCS #8 of X25519 (RFC 8410 §7). */
const pkcs8 = Buffer.from('302e020100300506032b656e04220420', 'hex')
