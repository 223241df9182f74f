import type { Address, Origin } from '#kernel/port.ts'
import { attribute, decodeAttributes } from './attribute.ts'
import { decodeIp, encodePrefix } from './ip.ts'
import { ourProtocol } from './rtnetlink.ts'
import { atLeast, malformed, readU8, u8, u32, zeroed } from './value.ts'

const headerLength = 8
const ifa = { address: 1, local: 2, flags: 8, protocol: 11 } as const
const IFA_F_NODAD = 0x02
/** IFAPROT_KERNEL_LO, IFAPROT_KERNEL_RA, IFAPROT_KERNEL_LL. */
const kernelProtocols: readonly number[] = [1, 2, 3]

/** Names a CIDR on a link: for RTM_DELADDR, and the beginning of RTM_NEWADDR. */
export function encodeAddressKey(index: number, cidr: string): Buffer {
  const { family, bytes, length } = encodePrefix(cidr)
  return Buffer.concat([
    header(family, length, index),
    attribute(ifa.local, bytes),
    attribute(ifa.address, bytes),
  ])
}

/** An address marked as ours (IFA_PROTO, Linux 5.18), without duplicate address detection. */
export function encodeAddress(index: number, cidr: string): Buffer {
  return Buffer.concat([
    encodeAddressKey(index, cidr),
    attribute(ifa.flags, u32(IFA_F_NODAD)),
    attribute(ifa.protocol, u8(ourProtocol)),
  ])
}

/** Asks for the addresses of one link. */
export function encodeAddressDump(index: number): Buffer {
  return header(0, 0, index)
}

/** Decodes the body of RTM_NEWADDR. Throws KernelError EBADMSG. */
export function decodeAddress(body: Buffer): Address {
  const length = atLeast(body, headerLength).readUInt8(1)
  const attributes = decodeAttributes(body.subarray(headerLength))
  const bytes = attributes.get(ifa.local) ?? attributes.get(ifa.address)
  if (bytes === undefined) throw malformed('an address message without an address')
  const protocol = attributes.get(ifa.protocol)
  return {
    cidr: `${decodeIp(bytes)}/${length}`,
    origin: protocol === undefined ? 'foreign' : originOf(readU8(protocol)),
  }
}

/** The index of the link that an RTM_NEWADDR is about. Throws KernelError EBADMSG. */
export function decodeAddressIndex(body: Buffer): number {
  return atLeast(body, headerLength).readUInt32LE(4)
}

/** struct ifaddrmsg: family u8 @0, prefixlen u8 @1, flags u8 @2, scope u8 @3, index u32 @4. */
function header(family: number, length: number, index: number): Buffer {
  const bytes = zeroed(headerLength)
  bytes.writeUInt8(family, 0)
  bytes.writeUInt8(length, 1)
  bytes.writeUInt32LE(index, 4)
  return bytes
}

function originOf(protocol: number): Origin {
  if (protocol === ourProtocol) return 'ours'
  return kernelProtocols.includes(protocol) ? 'kernel' : 'foreign'
}
