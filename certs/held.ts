import type { Authority, Leaf } from './facts.ts'
import type { Served } from './served.ts'

/** What the replicas share: the content of their Secret. */
export interface Held {
  /** Trusted ones. The first signs; in a rotation a second one with a key is about to, or one without a key did. */
  readonly authorities: readonly Authority[]
  readonly leaf?: Leaf
  /** What each replica says that it serves. */
  readonly served: readonly Served[]
}

/** How far a rotation of the authority is. */
export type Phase = 'empty' | 'stable' | 'announced' | 'switched'

/** The phase that the content shows; nothing else records it. */
export function phaseOf({ authorities }: Held): Phase {
  const [signer, ...others] = authorities
  if (signer === undefined) return 'empty'
  if (others.some(other => other.key !== undefined)) return 'announced'
  if (signer.key === undefined) return 'empty'
  return others.length === 0 ? 'stable' : 'switched'
}

/** The authority that will sign next, while it is only announced. */
export function nextAuthority({ authorities }: Held): Authority | undefined {
  return authorities.slice(1).find(other => other.key !== undefined)
}

/** What a step makes of the content; `made` is what had to be made for it. */
export function afterStep(
  held: Held,
  step: ChangingStep,
  made: { readonly authority?: Authority; readonly leaf?: Leaf },
): Held {
  const { authorities, leaf, served } = held
  const [signer, ...others] = authorities
  const kept = leaf === undefined ? {} : { leaf }
  const next = nextAuthority(held)
  const added = made.authority === undefined ? [] : [made.authority]
  const replaced = made.leaf === undefined ? kept : { leaf: made.leaf }
  switch (step) {
    case 'begin':
      return { authorities: added, ...replaced, served }
    case 'announce':
      // A next authority that ran out before its turn makes room. One without a key stays while its leaf may be served.
      return {
        authorities: [...authorities.filter(one => one === signer || one.key === undefined), ...added],
        ...kept,
        served,
      }
    case 'switch':
      return {
        authorities: [
          ...(next === undefined ? [] : [next]),
          ...[...(signer === undefined ? [] : [signer]), ...others]
            .filter(one => one !== next)
            .map(withoutKey),
        ],
        ...replaced,
        served,
      }
    case 'drop':
      return { authorities: signer === undefined ? [] : [signer], ...kept, served }
    case 'renew':
      break
  }
  return { authorities, ...replaced, served }
}

/** An authority that is trusted, and no longer signs. */
export function withoutKey({ fingerprint, notBefore, notAfter, certificate }: Authority): Authority {
  return { fingerprint, notBefore, notAfter, certificate }
}

/** A step that changes what the replicas share. */
export type ChangingStep = 'begin' | 'announce' | 'switch' | 'drop' | 'renew'
