import { createHash } from 'node:crypto'
import type { Leaf } from './facts.ts'

/** What one replica said last about the leaf that it serves. */
export interface Served {
  /** Its pod. */
  readonly replica: string
  /** Fingerprint of the leaf. */
  readonly leaf: string
  /** Fingerprint of the authority that signed the leaf. */
  readonly authority: string
  /** Milliseconds since 1970: the end of that leaf. */
  readonly until: number
  /** Milliseconds since 1970, coarse: when it said so. */
  readonly seen: number
}

const prefix = 'served.networkservicemesh.io/'

/** The annotations of the Secret in which replicas say what they serve. */
export function readServed(annotations: Readonly<Record<string, unknown>>): readonly Served[] {
  return Object.entries(annotations).flatMap(([key, value]) => {
    const found = key.startsWith(prefix) && typeof value === 'string' ? value : ''
    const fields = Object.fromEntries(found.split(',').map(part => part.split('=')))
    const until = Date.parse(String(fields['until']))
    const seen = Date.parse(String(fields['seen']))
    const { leaf = '', authority = '' }: Readonly<Record<string, unknown>> = fields
    if (typeof leaf !== 'string' || typeof authority !== 'string' || leaf === '') return []
    return Number.isNaN(until) || Number.isNaN(seen)
      ? []
      : [{ replica: key.slice(prefix.length), leaf, authority, until, seen }]
  })
}

/** The annotation that says what a replica serves. `seen` is rounded down to the beat, so that it seldom changes. */
export function servedValue(leaf: Leaf, now: number, beatMs: number): string {
  const seen = new Date(Math.floor(now / beatMs) * beatMs).toISOString()
  return `leaf=${leaf.fingerprint},authority=${leaf.authority ?? ''},until=${new Date(leaf.notAfter).toISOString()},seen=${seen}`
}

/** The annotation key of a pod. A longer name than an annotation may have (63) is shortened with a hash. */
export function servedKey(replica: string): string {
  return `${prefix}${replicaName(replica)}`
}

/** The name under which a pod acknowledges. */
export function replicaName(replica: string): string {
  if (replica.length <= 63) return replica
  return `${replica.slice(0, 46)}-${createHash('sha256').update(replica).digest('hex').slice(0, 16)}`
}
