import { isIP } from 'node:net'

/** Reads a comma list of CIDRs (`10.100.0.0/24, fd00::/64`); throws Error naming the item that is none. */
export function parsePrefixes(text: string): readonly string[] {
  return text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
    .map(parsePrefix)
}

/** One CIDR as it stands; throws Error when it is none. */
export function parsePrefix(text: string): string {
  const [, address = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  if (Number(length) > bits)
    throw new Error(`${JSON.stringify(text)} is not a prefix like 10.60.1.0/24 or fd00::/64`)
  return text
}
