import { type Decoded, network, type Part } from './network.ts'

export type { Decoded } from './network.ts'

/** How frames of an interface begin: with an Ethernet header, or with an IP header (WireGuard, tun). */
export type Framing = 'ethernet' | 'ip'

/** What a frame says; what is cut off or not known is left out. Never throws, whatever the bytes are. */
export function decode(bytes: Buffer, framing: Framing): Decoded {
  return framing === 'ethernet' ? ethernet(bytes) : ip(bytes)
}

/** Destination 6, source 6, then tags of 4 (IEEE 802.1Q, 802.1ad), then the type. */
function ethernet(bytes: Buffer): Decoded {
  if (bytes.length < 14) return { ...nothing, protocol: 'truncated' }
  const macs = { destinationMac: macOf(bytes.subarray(0, 6)), sourceMac: macOf(bytes.subarray(6, 12)) }
  const vlans: number[] = []
  let at = 12
  while (tagTypes.has(bytes.readUInt16BE(at))) {
    if (bytes.length < at + 6) return { ...nothing, ...macs, vlans, protocol: 'truncated' }
    vlans.push(bytes.readUInt16BE(at + 2) & 0xfff)
    at += 4
  }
  return { ...nothing, ...macs, vlans, ...network(bytes.readUInt16BE(at), bytes.subarray(at + 2)) }
}

function ip(bytes: Buffer): Decoded {
  const version = (bytes[0] ?? 0) >> 4
  const part: Part =
    version === 4 || version === 6
      ? network(version === 4 ? 0x0800 : 0x86dd, bytes)
      : { protocol: bytes.length === 0 ? 'truncated' : 'not IP' }
  return { ...nothing, ...part }
}

function macOf(bytes: Buffer): string {
  return bytes.toString('hex').replaceAll(/(..)(?=.)/g, '$1:')
}

const nothing: Decoded = { vlans: [], protocol: '' }
const tagTypes: ReadonlySet<number> = new Set([0x8100, 0x88a8])
