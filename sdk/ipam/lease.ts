import { blockOf, type PairForm, pairOf } from './pair.ts'
import { type Cidr, networkOf, type Prefix, parseCidr, printCidr } from './prefix.ts'

/** The blocks that a connection holds. */
export interface Lease {
  /** One per family. */
  readonly pairs: readonly Prefix[]
  readonly extra: readonly Prefix[]
}

/** Addresses that a connection says it had: an allocation, or what stands in the IP context of a request. */
export interface Claim {
  readonly src: readonly string[]
  readonly dst: readonly string[]
  readonly extraPrefixes?: readonly string[]
}

/** The addresses in a lease, printed. */
export function printLease(form: PairForm, lease: Lease): Required<Claim> {
  const pairs = lease.pairs.map(block => pairOf(form, block))
  return {
    src: pairs.map(pair => printCidr(pair.src)),
    dst: pairs.map(pair => printCidr(pair.dst)),
    extraPrefixes: lease.extra.map(printCidr),
  }
}

/** The blocks behind claimed addresses. What is malformed or no pair of the form is left out: it is not from here. */
export function claimOf(form: PairForm, claim: Claim | undefined): Lease {
  const dst = new Set((claim?.dst ?? []).flatMap(readable).map(printCidr))
  const pairs = (claim?.src ?? []).flatMap(readable).flatMap(address => {
    const block = blockOf(form, address)
    const pair = pairOf(form, block)
    return printCidr(pair.src) === printCidr(address) && dst.has(printCidr(pair.dst)) ? [block] : []
  })
  return {
    pairs,
    extra: (claim?.extraPrefixes ?? []).flatMap(readable).map(cidr => networkOf(cidr, cidr.length)),
  }
}

function readable(text: string): readonly Cidr[] {
  try {
    return [parseCidr(text)]
  } catch {
    return [] // the one reason is that the text is no CIDR
  }
}
