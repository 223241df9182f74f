/** How a policy route of a context says which packets it is for. */

/** Ports, both ends included. */
export interface Ports {
  readonly first: number
  readonly last: number
}

/** An IP protocol by number, 1 to 255, or by its usual name; undefined for anything else. */
export function parseProtocol(text: string): number | undefined {
  return protocols.get(text.toLowerCase()) ?? numberUpTo(text, 255)
}

/** `N` or `N-M` (NSM v1, connectioncontext_helpers.go), 1 to 65535; undefined for anything else. */
export function parsePorts(text: string): Ports | undefined {
  const [firstText = '', lastText = firstText, ...rest] = text.split('-')
  const [first, last] = [numberUpTo(firstText, 65_535), numberUpTo(lastText, 65_535)]
  if (rest.length > 0 || first === undefined || last === undefined || first > last) return undefined
  return { first, last }
}

function numberUpTo(text: string, most: number): number | undefined {
  return /^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= most ? Number(text) : undefined
}

/** Assigned Internet Protocol Numbers (IANA), those that people write by name. */
const protocols: ReadonlyMap<string, number> = new Map([
  ['icmp', 1],
  ['igmp', 2],
  ['tcp', 6],
  ['udp', 17],
  ['dccp', 33],
  ['gre', 47],
  ['esp', 50],
  ['ah', 51],
  ['icmpv6', 58],
  ['ipv6-icmp', 58],
  ['sctp', 132],
  ['udplite', 136],
])
