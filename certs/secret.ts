import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { isObject, type JsonObject, optionalObjectAt } from '#kube/shape.ts'
import { bundleOf, splitPem } from './bundle.ts'
import { type Authority, type Leaf, readFacts, readLeaf } from './facts.ts'
import { type Held, nextAuthority } from './held.ts'
import { readServed } from './served.ts'

/**
 * Reads what a Secret holds. `ca.crt` is what is trusted, the signer first; `ca.key` is the signer's, `next-ca.key` that
 * of an announced one; `tls.crt` and `tls.key` are the leaf. What cannot be read counts as absent: the rotation makes
 * it anew, which no Secret is too broken for.
 */
export function readHeld(secret: JsonObject): Held {
  const data = optionalObjectAt(secret['data'], 'Secret /data')
  const text = (key: string) => decode(data[key])
  const keys = ['ca.key', 'next-ca.key'].map(key => text(key)).filter(key => key !== '')
  const authorities = splitPem(text('ca.crt')).flatMap(certificate => readAuthority(certificate, keys))
  const leaf = tryLeaf({ certificate: text('tls.crt'), key: text('tls.key') }, authorities)
  const metadata = optionalObjectAt(secret['metadata'], 'Secret /metadata')
  const annotations = optionalObjectAt(metadata['annotations'], 'Secret /metadata/annotations')
  return { authorities, ...(leaf === undefined ? {} : { leaf }), served: readServed(annotations) }
}

/** The Secret with other content; everything else of it stays, its resourceVersion too. */
export function writeHeld(secret: JsonObject, held: Held): JsonObject {
  const { 'next-ca.key': _, ...others } = optionalObjectAt(secret['data'], 'Secret /data')
  const next = nextAuthority(held)?.key
  const content = {
    'ca.crt': bundleOf(held.authorities),
    'ca.key': held.authorities[0]?.key ?? '',
    ...(next === undefined ? {} : { 'next-ca.key': next }),
    'tls.crt': held.leaf?.certificate ?? '',
    'tls.key': held.leaf?.key ?? '',
  }
  const encoded = Object.entries(content).map(([key, value]) => [key, encode(value)] as const)
  return { ...secret, data: { ...others, ...Object.fromEntries(encoded) } }
}

/** The Secret with one annotation set, or removed when the value is undefined. */
export function annotate(secret: JsonObject, key: string, value: string | undefined): JsonObject {
  const metadata = isObject(secret['metadata']) ? secret['metadata'] : {}
  const { [key]: _, ...others } = isObject(metadata['annotations']) ? metadata['annotations'] : {}
  return {
    ...secret,
    metadata: { ...metadata, annotations: { ...others, ...(value === undefined ? {} : { [key]: value }) } },
  }
}

/** A value of a Secret's `data`, as text. Absent is empty. */
export function decode(value: unknown): string {
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : ''
}

function encode(value: string): string {
  return Buffer.from(value).toString('base64')
}

function readAuthority(certificate: string, keys: readonly string[]): readonly Authority[] {
  try {
    const parsed = new X509Certificate(certificate)
    if (!parsed.ca) return []
    const key = keys.find(candidate => belongs(parsed, candidate))
    return [{ ...readFacts(certificate), ...(key === undefined ? {} : { key }) }]
  } catch {
    return []
  }
}

function belongs(certificate: X509Certificate, key: string): boolean {
  const parsed = tryKey(key)
  return parsed !== undefined && certificate.checkPrivateKey(parsed)
}

function tryKey(key: string): KeyObject | undefined {
  try {
    return createPrivateKey(key)
  } catch {
    return undefined
  }
}

function tryLeaf(
  pair: { readonly certificate: string; readonly key: string },
  authorities: readonly Authority[],
): Leaf | undefined {
  try {
    return readLeaf(pair, authorities)
  } catch {
    return undefined
  }
}
