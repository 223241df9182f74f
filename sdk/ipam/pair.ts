import { addressBits } from './address.ts'
import { type Cidr, networkOf, type Prefix } from './prefix.ts'

/**
 * How the two addresses of a connection are cut from the pool. `p30` is NSM v0.2's, `p32` is NSM v1's.
 *
 * | form  | takes       | client (src)  | endpoint (dst) | mask       |
 * |-------|-------------|---------------|----------------|------------|
 * | `p30` | /30 or /126 | network + 1   | network + 2    | /30, /126  |
 * | `p31` | /31 or /127 | network       | network + 1    | /31, /127  |
 * | `p32` | /31 or /127 | network + 1   | network        | /32, /128  |
 */
export type PairForm = 'p30' | 'p31' | 'p32'

const forms = {
  p30: { blockBits: 2, maskBits: 2, src: 1n, dst: 2n },
  p31: { blockBits: 1, maskBits: 1, src: 0n, dst: 1n },
  p32: { blockBits: 1, maskBits: 0, src: 1n, dst: 0n },
} as const

/** Length of the block that a pair takes. */
export function blockLength(form: PairForm, family: Prefix['family']): number {
  return addressBits[family] - forms[form].blockBits
}

/** The two addresses in a block, with their masks. */
export function pairOf(form: PairForm, block: Prefix): { readonly src: Cidr; readonly dst: Cidr } {
  const { maskBits, src, dst } = forms[form]
  const length = addressBits[block.family] - maskBits
  return {
    src: { family: block.family, address: block.address + src, length },
    dst: { family: block.family, address: block.address + dst, length },
  }
}

/** The block that an address of a pair was cut from. */
export function blockOf(form: PairForm, address: Cidr): Prefix {
  return networkOf(address, blockLength(form, address.family))
}
