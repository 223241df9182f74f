import { hash } from 'node:crypto'

/**
 * The number by which a rule names the link that it belongs to, from the alias of that link: 30 bits of a digest, with
 * the bit above them set, so that no interface group in use (0, `ourGroup`, small numbers) is hit. It outlives the link,
 * so that rules are found again when the link is made anew.
 */
export function ownerOf(alias: string): number {
  const bits = Number.parseInt(hash('sha256', alias, 'hex').slice(0, 8), 16) & 0x3fff_ffff
  return bits + 0x4000_0000
}
