/** Neighbour entries as a state machine (linux/neighbour.h), which `neighbour.ts` knows as configuration only. */
import { attribute, decodeAttributes } from './attribute.ts'
import { decodeIp, encodeIp, familyOf } from './ip.ts'
import { atLeast, zeroed } from './value.ts'

/** NUD_*: the states of an entry. */
export const nud = {
  none: 0,
  incomplete: 0x01,
  reachable: 0x02,
  stale: 0x04,
  delay: 0x08,
  probe: 0x10,
  failed: 0x20,
  noArp: 0x40,
  permanent: 0x80,
} as const

/** NTF_USE: as if a packet were sent to the address. */
export const NTF_USE = 0x01

const headerLength = 12
const NDA_DST = 1

/** Which entry, and what is to become of it. */
export interface NeighbourState {
  readonly index: number
  readonly address: string
  readonly state?: number
  readonly flags?: number
}

/**
 * Sets the state of an entry, or asks for one.
 *
 * struct ndmsg: family u8 @0, ifindex i32 @4, state u16 @8, flags u8 @10, type u8 @11.
 */
export function encodeNeighbourState({ index, address, state = 0, flags = 0 }: NeighbourState): Buffer {
  const bytes = encodeIp(address)
  const header = zeroed(headerLength)
  header.writeUInt8(familyOf(bytes), 0)
  header.writeInt32LE(index, 4)
  header.writeUInt16LE(state, 8)
  header.writeUInt8(flags, 10)
  return Buffer.concat([header, attribute(NDA_DST, bytes)])
}

/** Decodes the body of RTM_NEWNEIGH; a bridge's entries have no address. Throws KernelError EBADMSG. */
export function decodeNeighbourState(body: Buffer): {
  readonly index: number
  readonly state: number
  readonly address: string | undefined
} {
  const state = atLeast(body, headerLength).readUInt16LE(8)
  const address = decodeAttributes(body.subarray(headerLength)).get(NDA_DST)
  const isIp = address !== undefined && (address.length === 4 || address.length === 16)
  return { index: body.readInt32LE(4), state, address: isIp ? decodeIp(address) : undefined }
}
