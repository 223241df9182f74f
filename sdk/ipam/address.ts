import { isIPv4, isIPv6 } from 'node:net'

/** The version of the Internet Protocol. */
export type Family = 4 | 6

/** Bits of an address by family. */
export const addressBits = { 4: 32, 6: 128 } as const

/** An address as a number. */
export interface Address {
  readonly family: Family
  readonly value: bigint
}

/** Reads an IPv4 or IPv6 address without a zone; undefined when the text is neither. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, value: joined(text.split('.').map(BigInt), 8n) }
  if (isIPv6(text) && !text.includes('%')) return { family: 6, value: joined(groupsOf(text), 16n) }
  return undefined
}

/** Writes an address; IPv6 in the canonical form of RFC 5952 §4, always in hexadecimal. */
export function printAddress(address: Address): string {
  if (address.family === 4) return parts(address.value, 8n, 4).join('.')
  const groups = parts(address.value, 16n, 8).map(group => group.toString(16))
  const zeros = longestZeros(groups)
  if (zeros.length < 2) return groups.join(':')
  return `${groups.slice(0, zeros.start).join(':')}::${groups.slice(zeros.start + zeros.length).join(':')}`
}

function groupsOf(text: string): readonly bigint[] {
  const [head = '', tail] = text.split('::')
  const [first, last] = [sideOf(head), sideOf(tail ?? '')]
  const missing = tail === undefined ? 0 : 8 - first.length - last.length
  return [...first, ...Array.from({ length: missing }, () => 0n), ...last]
}

/** The groups of one side of `::`; a dotted IPv4 address at the end makes two (RFC 4291 §2.2). */
function sideOf(side: string): readonly bigint[] {
  if (side === '') return []
  return side.split(':').flatMap(group => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)]
    return parts(joined(group.split('.').map(BigInt), 8n), 16n, 2)
  })
}

function joined(numbers: readonly bigint[], bits: bigint): bigint {
  return numbers.reduce((sum, number) => (sum << bits) | number, 0n)
}

function parts(value: bigint, bits: bigint, count: number): readonly bigint[] {
  return Array.from({ length: count }, (_, index) =>
    BigInt.asUintN(Number(bits), value >> (bits * BigInt(count - 1 - index))),
  )
}

function longestZeros(groups: readonly string[]): { readonly start: number; readonly length: number } {
  const runs = groups.map((_, start) => {
    const end = groups.findIndex((group, index) => index >= start && group !== '0')
    return { start, length: (end < 0 ? groups.length : end) - start }
  })
  return runs.reduce((best, run) => (run.length > best.length ? run : best), { start: 0, length: 0 })
}
