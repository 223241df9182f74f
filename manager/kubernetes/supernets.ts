import { contains, networkOf, type Prefix, parsePrefix, printCidr } from '#sdk/ipam/prefix.ts'

/** The widest supernet that is made, in bits: what lies further apart is not one range of a cluster. */
const widest = { 4: 8, 6: 32 } as const

/**
 * The prefixes that cover all given CIDRs, few and narrow: those of one family become their common supernet, unless it is
 * wider than /8, or /32 for IPv6. Fails with BAD_INPUT for what is no CIDR.
 */
export function supernets(cidrs: readonly string[]): readonly string[] {
  const groups: Prefix[] = []
  for (const prefix of cidrs.map(parsePrefix)) {
    const at = groups.findIndex(group => common(group, prefix) !== undefined)
    const grown = common(groups[at] ?? prefix, prefix) ?? prefix
    if (at === -1) groups.push(grown)
    else groups[at] = grown
  }
  return groups.map(printCidr)
}

function common(a: Prefix, b: Prefix): Prefix | undefined {
  if (a.family !== b.family) return undefined
  let grown = a
  while (!contains(grown, b) && grown.length > widest[a.family]) grown = networkOf(grown, grown.length - 1)
  return contains(grown, b) ? grown : undefined
}
