import { NsmError } from '#sdk/errors.ts'
import { addressBits, type Family, parseAddress, printAddress } from './address.ts'

/** An address and how many of its leading bits name the network: 10.60.1.2/30. */
export interface Cidr {
  readonly family: Family
  readonly address: bigint
  readonly length: number
}

/** A block of addresses: a CIDR whose host bits are zero. */
export type Prefix = Cidr

/** Reads `address/length` and keeps the host bits. Fails with BAD_INPUT. */
export function parseCidr(text: string): Cidr {
  const [, addressText = '', lengthText = ''] = /^([^/]*)\/(0|[1-9][0-9]{0,2})$/.exec(text) ?? []
  const address = parseAddress(addressText)
  const length = Number(lengthText)
  if (address === undefined || length > addressBits[address.family]) {
    const found = JSON.stringify(text.slice(0, 60))
    throw new NsmError(
      'BAD_INPUT',
      `reading prefix ${found}: expected address/length, as in 10.60.1.0/24 or fd00::/64`,
    )
  }
  return { family: address.family, address: address.value, length }
}

/** Reads `address/length` and clears the host bits. Fails with BAD_INPUT. */
export function parsePrefix(text: string): Prefix {
  const cidr = parseCidr(text)
  return networkOf(cidr, cidr.length)
}

/** Writes `address/length`. */
export function printCidr(cidr: Cidr): string {
  return `${printAddress({ family: cidr.family, value: cidr.address })}/${cidr.length}`
}

/** The block of the given length that an address lies in. */
export function networkOf(cidr: Cidr, length: number): Prefix {
  const hostBits = BigInt(addressBits[cidr.family] - length)
  return { family: cidr.family, address: (cidr.address >> hostBits) << hostBits, length }
}

/** Whether all addresses of `inner` belong to `outer`. */
export function contains(outer: Prefix, inner: Cidr): boolean {
  return (
    outer.family === inner.family &&
    outer.length <= inner.length &&
    networkOf(inner, outer.length).address === outer.address
  )
}

/** Whether two blocks share an address. */
export function overlaps(a: Prefix, b: Prefix): boolean {
  return contains(a, b) || contains(b, a)
}

/** How many addresses a block has. */
export function sizeOf(prefix: Prefix): bigint {
  return 1n << BigInt(addressBits[prefix.family] - prefix.length)
}

/** The two blocks that a block consists of, in order; only for a block of more than one address. */
export function halvesOf(prefix: Prefix): readonly [Prefix, Prefix] {
  const low = { ...prefix, length: prefix.length + 1 }
  return [low, { ...low, address: low.address + sizeOf(low) }]
}

/** The block that makes the next larger one together with this; only for a block shorter than the whole space. */
export function buddyOf(prefix: Prefix): Prefix {
  return { ...prefix, address: prefix.address ^ sizeOf(prefix) }
}
