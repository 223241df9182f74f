import type { Authority, Leaf } from './facts.ts'
import { type ChangingStep, type Held, nextAuthority } from './held.ts'
import type { Served } from './served.ts'

/** How long things live and how long others may take, all in milliseconds. */
export interface RotationLimits {
  /** Life of an authority; default 365 days. A new one is made after two thirds. */
  readonly authorityMs: number
  /** Life of a leaf; default 30 days. A new one is made after two thirds. */
  readonly leafMs: number
  /** How long every API server may take to use a bundle that was written; default one minute. */
  readonly propagationMs: number
  /** How often a replica repeats what it serves; default one hour. Who is silent for three of them does not count. */
  readonly beatMs: number
}

/** What is seen besides the content of the Secret. */
export interface Observed {
  /** Milliseconds since 1970, by this machine's clock. */
  readonly now: number
  /** `wrong`: it differs from the API server's by minutes; `unknown`: nobody has compared them yet. */
  readonly clock: 'right' | 'unknown' | 'wrong'
  /** For how long the live configuration has held every authority; undefined: it does not, or nobody knows. */
  readonly bundleMs: number | undefined
  /** What the leaf must be for. */
  readonly names: readonly string[]
}

/** The defaults. */
export const usualLimits: RotationLimits = {
  authorityMs: 365 * 24 * 3_600_000,
  leafMs: 30 * 24 * 3_600_000,
  propagationMs: 60_000,
  beatMs: 3_600_000,
}

/** A step and why it is taken, or why none is. */
export interface Decision {
  readonly step: ChangingStep | 'wait'
  readonly reason: string
}

/**
 * What to do next about what the replicas share. Every replica asks itself; whose write comes second is told so by the
 * API server and asks again, so that a crash between any two steps leaves a state that the next to look goes on from.
 *
 * | clock | leaf usable | authorities | seen | step |
 * |---|---|---|---|---|
 * | wrong | – | – | – | wait |
 * | – | no | the first can sign | – | renew: nothing verifies now, so nothing is lost |
 * | – | no | another can sign | – | switch, at once for the same reason |
 * | not known right | no | all in the future | – | wait: the clock may have gone back |
 * | – | no | none can sign | – | begin |
 * | – | yes | one is announced | bundle, long enough | switch |
 * | – | yes | one is announced and has run out | – | announce another |
 * | – | yes | first signs, leaf of another | bundle, long enough | renew |
 * | – | yes | first signs, old one trusted | every replica serves its leaf | drop |
 * | – | yes | one, old or without a key | – | announce |
 * | – | yes | the first can sign | leaf is old, or lacks a name | renew |
 * | – | yes | any other | – | wait |
 */
export function nextStep(held: Held, observed: Observed, limits: RotationLimits): Decision {
  const { now, clock, bundleMs } = observed
  const [signer] = held.authorities
  if (clock === 'wrong') return wait('the clock of this machine differs from the API server’s')
  if (!isUsable(held, now)) return repair(held, observed)
  const spread = bundleMs !== undefined && bundleMs >= limits.propagationMs
  const next = nextAuthority(held)
  if (next !== undefined && canSign(next, now)) {
    if (spread) return { step: 'switch', reason: 'every API server trusts the new authority' }
    return renewIfDue(held, observed, limits) ?? wait('the new authority is not yet trusted everywhere')
  }
  if (next !== undefined) return { step: 'announce', reason: 'the announced authority has run out' }
  if (signer?.key === undefined || isOld(signer, now))
    return held.authorities.length > 1 && signer?.key !== undefined
      ? drop(held, observed, limits)
      : { step: 'announce', reason: signer?.key === undefined ? 'nobody can sign' : 'the authority is old' }
  if (held.leaf?.authority !== signer.fingerprint)
    return spread
      ? { step: 'renew', reason: 'the certificate is of another authority' }
      : wait('the authority is not yet trusted everywhere')
  if (held.authorities.length > 1) return drop(held, observed, limits)
  return renewIfDue(held, observed, limits) ?? wait('nothing is due')
}

/** Whether who trusts these authorities accepts the leaf now. */
export function isUsable({ authorities, leaf }: Held, now: number): boolean {
  const signer = authorities.find(one => one.fingerprint === leaf?.authority)
  return leaf !== undefined && signer !== undefined && isValid(leaf, now) && isValid(signer, now)
}

/** The replicas that a rotation waits for: they serve a leaf of another authority, and others may still reach them. */
export function behind(
  { served, authorities }: Held,
  now: number,
  { beatMs }: Pick<RotationLimits, 'beatMs'>,
): readonly Served[] {
  return served.filter(
    ({ authority, until, seen }) =>
      authority !== authorities[0]?.fingerprint && until > now && now - seen <= 4 * beatMs,
  )
}

/** How long a replica may go without telling what it serves, until it must not be reached any more: well before others forget it. */
export function mayBeForgotten(
  seen: number,
  now: number,
  { beatMs }: Pick<RotationLimits, 'beatMs'>,
): boolean {
  return now - seen > 3 * beatMs
}

function repair(held: Held, { now, clock }: Observed): Decision {
  const [signer, ...others] = held.authorities
  if (canSign(signer, now)) return { step: 'renew', reason: 'there is no certificate that is valid now' }
  if (others.some(one => canSign(one, now)))
    return { step: 'switch', reason: 'the authority has run out, and the next is there' }
  const young = held.authorities.length > 0 && held.authorities.every(one => one.notBefore > now)
  if (young && clock === 'unknown') return wait('the authority begins in the future')
  return { step: 'begin', reason: 'there is no authority that could sign' }
}

function drop(held: Held, observed: Observed, limits: RotationLimits): Decision {
  const late = behind(held, observed.now, limits)
  if (late.length === 0)
    return { step: 'drop', reason: 'every replica serves a certificate of the new authority' }
  return (
    renewIfDue(held, observed, limits) ??
    wait(`waiting for ${late.map(({ replica }) => replica).join(', ')} to serve the new certificate`)
  )
}

function renewIfDue(held: Held, { now, names }: Observed, { leafMs }: RotationLimits): Decision | undefined {
  const { leaf, authorities } = held
  const [signer] = authorities
  if (leaf === undefined || signer === undefined || !canSign(signer, now)) return undefined
  const missing = names.filter(name => !leaf.names.includes(name))
  if (missing.length > 0) return { step: 'renew', reason: `the certificate is not for ${missing.join(', ')}` }
  // A leaf ends with its authority at the latest: a new one would end no later.
  if (isOld(leaf, now) && signer.notAfter - leaf.notAfter > leafMs / 100)
    return { step: 'renew', reason: 'the certificate is old' }
  return undefined
}

function canSign(authority: Authority | undefined, now: number): boolean {
  return authority?.key !== undefined && isValid(authority, now)
}

function isValid({ notBefore, notAfter }: Authority | Leaf, now: number): boolean {
  return notBefore <= now && now < notAfter
}

function isOld({ notBefore, notAfter }: Authority | Leaf, now: number): boolean {
  return now >= notBefore + ((notAfter - notBefore) * 2) / 3
}

function wait(reason: string): Decision {
  return { step: 'wait', reason }
}
