import { parsePrefix, printCidr } from '#sdk/ipam/prefix.ts'

/**
 * Reads a comma list of CIDRs (`10.100.0.0/24, fd00::/64`), written as their networks; throws Error naming the item
 * that is none, so that it serves as the parser of a setting.
 */
export function parsePrefixes(text: string): readonly string[] {
  return text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
    .map(item => printCidr(parsePrefix(item)))
}
