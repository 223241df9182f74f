import { type Pair, type PairForm, pairOf } from './pair.ts'
import { type Cidr, networkOf, type Prefix, parseCidr, printCidr } from './prefix.ts'

/** What a connection holds. */
export interface Lease {
  /** One per family. */
  readonly pairs: readonly Pair[]
  readonly extra: readonly Prefix[]
}

/** Addresses that a connection says it had: an allocation, or what stands in the IP context of a request. */
export interface Claim {
  readonly src: readonly string[]
  readonly dst: readonly string[]
  readonly extraPrefixes?: readonly string[]
}

/** The addresses in a lease, printed. */
export function printLease({ pairs, extra }: Lease): Required<Claim> {
  return {
    src: pairs.map(pair => printCidr(pair.src)),
    dst: pairs.map(pair => printCidr(pair.dst)),
    extraPrefixes: extra.map(printCidr),
  }
}

/** All blocks that a lease takes out of the pool. */
export function blocksOf({ pairs, extra }: Lease): readonly Prefix[] {
  return [...pairs.flatMap(({ blocks }) => blocks), ...extra]
}

/**
 * The pairs that claimed addresses may be, and the extra prefixes. Several pools see the claims of each other, so which
 * single addresses belong together only a pool knows. What is malformed or no pair of the form is left out.
 */
export function claimOf(form: PairForm, claim: Claim | undefined): Lease {
  const [src, dst] = [claim?.src ?? [], claim?.dst ?? []].map(side => side.flatMap(readable))
  const pairs = (src ?? []).flatMap(own => (dst ?? []).flatMap(other => pairOf(form, own, other) ?? []))
  return {
    pairs,
    extra: (claim?.extraPrefixes ?? []).flatMap(readable).map(cidr => networkOf(cidr, cidr.length)),
  }
}

/** The CIDR that a text is, or nothing. */
export function readable(text: string): readonly Cidr[] {
  try {
    return [parseCidr(text)]
  } catch {
    return [] // the one reason is that the text is no CIDR
  }
}
