import { fingerprintsOf, whyRefused } from './bundle.ts'
import type { Configuration } from './configuration.ts'
import { type Held, type Phase, phaseOf } from './held.ts'
import { behind, type RotationLimits } from './rotation.ts'

/** What there is to say about a certificate and who trusts it; no keys, so that it may be printed. */
export interface CertificateStatus {
  readonly phase: Phase
  readonly authorities: readonly AuthorityStatus[]
  readonly leaf: LeafStatus | undefined
  readonly replicas: readonly ReplicaStatus[]
  /** The webhook configuration; undefined when there is none, or it was not asked for. */
  readonly configuration: ConfigurationStatus | undefined
}

/** One authority that the Secret trusts. */
export interface AuthorityStatus extends Validity {
  readonly fingerprint: string
  /** `signs` now, is announced as `next`, or is only `trusted` still. */
  readonly role: 'signs' | 'next' | 'trusted'
}

/** The certificate that is served. */
export interface LeafStatus extends Validity {
  readonly fingerprint: string
  readonly authority: string | undefined
  readonly names: readonly string[]
}

/** When something is valid; ISO 8601. */
interface Validity {
  readonly notBefore: string
  readonly notAfter: string
  /** Whole days; negative when it is over. */
  readonly daysLeft: number
}

/** What a replica said last. */
export interface ReplicaStatus {
  readonly name: string
  readonly leaf: string
  readonly serves: 'current' | 'same authority' | 'old authority'
  readonly seen: string
  /** Silent for so long that a rotation does not wait for it. */
  readonly state: 'alive' | 'silent'
}

/** What the webhook configuration trusts. */
export interface ConfigurationStatus {
  readonly name: string
  /** Why its caBundle is not ours to change; empty when it is ours. */
  readonly foreign: string
  readonly entries: readonly {
    readonly name: string
    readonly authorities: readonly string[]
    /** Why an API server that goes by it refuses the leaf; empty when it does not. */
    readonly refuses: string
  }[]
}

const day = 24 * 3_600_000

/** Sums up what the Secret holds and what the live configuration trusts. */
export function statusOf(
  held: Held,
  configuration: Configuration | undefined,
  { now, limits }: { readonly now: number; readonly limits: RotationLimits },
): CertificateStatus {
  const { authorities, leaf, served } = held
  const validity = (one: { readonly notBefore: number; readonly notAfter: number }): Validity => ({
    notBefore: new Date(one.notBefore).toISOString(),
    notAfter: new Date(one.notAfter).toISOString(),
    daysLeft: Math.floor((one.notAfter - now) / day),
  })
  return {
    phase: phaseOf(held),
    authorities: authorities.map((authority, index) => ({
      fingerprint: authority.fingerprint,
      role: authority.key === undefined ? 'trusted' : index === 0 ? 'signs' : 'next',
      ...validity(authority),
    })),
    leaf:
      leaf === undefined
        ? undefined
        : {
            fingerprint: leaf.fingerprint,
            authority: leaf.authority,
            names: leaf.names,
            ...validity(leaf),
          },
    replicas: served.map(one => ({
      name: one.replica,
      leaf: one.leaf,
      serves:
        one.leaf === leaf?.fingerprint
          ? 'current'
          : one.authority === leaf?.authority
            ? 'same authority'
            : 'old authority',
      seen: new Date(one.seen).toISOString(),
      state: now - one.seen <= 4 * limits.beatMs ? 'alive' : 'silent',
    })),
    configuration:
      configuration === undefined
        ? undefined
        : {
            name: configuration.name,
            foreign: configuration.owner.is === 'foreign' ? configuration.owner.why : '',
            entries: configuration.entries.map(({ name, bundle }) => ({
              name,
              authorities: fingerprintsOf(bundle),
              refuses:
                leaf === undefined
                  ? 'there is no certificate'
                  : (whyRefused(leaf.certificate, bundle, now) ?? ''),
            })),
          },
  }
}

/** What a rotation waits for now; empty when none is under way. */
export function waitsFor(held: Held, now: number, limits: RotationLimits): string {
  switch (phaseOf(held)) {
    case 'announced':
      return 'every API server to trust the new authority'
    case 'switched': {
      const late = behind(held, now, limits).map(({ replica }) => replica)
      return late.length === 0
        ? 'a replica to drop the old authority'
        : `${late.join(', ')} to serve the new certificate`
    }
    case 'empty':
    case 'stable':
      break
  }
  return ''
}
