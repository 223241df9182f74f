import { decodeIp } from '#kernel/codec/ip.ts'
import { transport } from './transport.ts'

/** What a frame says, in words and numbers. */
export interface Decoded extends Part {
  readonly sourceMac?: string
  readonly destinationMac?: string
  /** Outermost first. */
  readonly vlans: readonly number[]
}

/** What a part of a frame says. */
export interface Part {
  /** ARP, ICMP, ICMPv6, TCP, UDP, `ip 89`, `ethertype 0x88cc`, or `truncated`. */
  readonly protocol: string
  readonly source?: string
  readonly destination?: string
  readonly sourcePort?: number
  readonly destinationPort?: number
  readonly info?: string
}

/** What comes after an Ethernet type (IEEE 802 numbers). */
export function network(type: number, bytes: Buffer): Part {
  switch (type) {
    case 0x0800:
      return ipv4(bytes)
    case 0x86dd:
      return ipv6(bytes)
    case 0x0806:
      return arp(bytes)
    default:
      return { protocol: `ethertype 0x${type.toString(16).padStart(4, '0')}` }
  }
}

/** RFC 791: length of the header in words @0, fragment offset @6, protocol @9, addresses @12 and @16. */
function ipv4(bytes: Buffer): Part {
  const header = ((bytes[0] ?? 0) & 0xf) * 4
  if (header < 20 || bytes.length < header) return { protocol: 'truncated' }
  const addresses = {
    source: decodeIp(bytes.subarray(12, 16)),
    destination: decodeIp(bytes.subarray(16, 20)),
  }
  const fragment = bytes.readUInt16BE(6) & 0x1fff
  if (fragment > 0)
    return { ...addresses, protocol: nameOf(bytes[9] ?? 0), info: `fragment at ${fragment * 8}` }
  return { ...addresses, ...transport(bytes[9] ?? 0, bytes.subarray(header)) }
}

/** RFC 8200: next header @6, addresses @8 and @24; extension headers that can be skipped are. */
function ipv6(bytes: Buffer): Part {
  if (bytes.length < 40) return { protocol: 'truncated' }
  const addresses = { source: decodeIp(bytes.subarray(8, 24)), destination: decodeIp(bytes.subarray(24, 40)) }
  let next = bytes.readUInt8(6)
  let at = 40
  while (skippable.has(next) && bytes.length >= at + 2) {
    const length = (bytes.readUInt8(at + 1) + 1) * 8
    next = bytes.readUInt8(at)
    at += length
  }
  return { ...addresses, ...transport(next, bytes.subarray(at)) }
}

/** RFC 826 for IPv4 over Ethernet: operation @6, sender's address @14, target's @24. */
function arp(bytes: Buffer): Part {
  if (bytes.length < 28) return { protocol: 'ARP', info: 'truncated' }
  const source = decodeIp(bytes.subarray(14, 18))
  const destination = decodeIp(bytes.subarray(24, 28))
  const operation = bytes.readUInt16BE(6)
  const words = new Map([
    [1, `who has ${destination}`],
    [2, `${source} is at ${bytes.toString('hex', 8, 14).replaceAll(/(..)(?=.)/g, '$1:')}`],
  ])
  return { protocol: 'ARP', source, destination, info: words.get(operation) ?? `operation ${operation}` }
}

function nameOf(protocol: number): string {
  return transport(protocol, Buffer.alloc(0)).protocol
}

/** Hop-by-hop options, routing, destination options. */
const skippable: ReadonlySet<number> = new Set([0, 43, 60])
