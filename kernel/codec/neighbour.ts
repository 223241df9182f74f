import type { Neighbour, NeighbourEntry } from '#kernel/port.ts'
import { attribute, decodeAttributes } from './attribute.ts'
import { decodeIp, encodeIp, familyOf } from './ip.ts'
import { ourProtocol } from './rtnetlink.ts'
import { atLeast, mac, readMac, readU8, u8, u32, zeroed } from './value.ts'

const headerLength = 12
const nda = { destination: 1, lladdr: 2, ifindex: 8, protocol: 12 } as const
const NUD_PERMANENT = 0x80

/** A permanent entry marked as ours (NDA_PROTOCOL). */
export function encodeNeighbour(index: number, neighbour: Neighbour): Buffer {
  return Buffer.concat([
    encodeNeighbourKey(index, neighbour),
    attribute(nda.lladdr, mac(neighbour.mac)),
    attribute(nda.protocol, u8(ourProtocol)),
  ])
}

/** Names an entry for RTM_DELNEIGH. */
export function encodeNeighbourKey(index: number, { address }: Pick<Neighbour, 'address'>): Buffer {
  const bytes = encodeIp(address)
  return Buffer.concat([
    header({ family: familyOf(bytes), index, state: NUD_PERMANENT }),
    attribute(nda.destination, bytes),
  ])
}

/** Asks for the entries of one link. */
export function encodeNeighbourDump(index: number): Buffer {
  return Buffer.concat([header({ family: 0, index: 0, state: 0 }), attribute(nda.ifindex, u32(index))])
}

/** Decodes the body of RTM_NEWNEIGH; undefined for an entry that is not permanent. Throws KernelError EBADMSG. */
export function decodeNeighbour(body: Buffer): NeighbourEntry | undefined {
  if ((atLeast(body, headerLength).readUInt16LE(8) & NUD_PERMANENT) === 0) return undefined
  const attributes = decodeAttributes(body.subarray(headerLength))
  const address = attributes.get(nda.destination)
  const lladdr = attributes.get(nda.lladdr)
  if (address === undefined || lladdr === undefined) return undefined
  const protocol = attributes.get(nda.protocol)
  const ours = protocol !== undefined && readU8(protocol) === ourProtocol
  return { address: decodeIp(address), mac: readMac(lladdr), origin: ours ? 'ours' : 'foreign' }
}

/** struct ndmsg: family u8 @0, ifindex i32 @4, state u16 @8, flags u8 @10, type u8 @11. */
function header(fields: { readonly family: number; readonly index: number; readonly state: number }): Buffer {
  const bytes = zeroed(headerLength)
  bytes.writeUInt8(fields.family, 0)
  bytes.writeInt32LE(fields.index, 4)
  bytes.writeUInt16LE(fields.state, 8)
  return bytes
}
