import { decodeIp, encodeIp, encodePrefix, networkOf } from '#kernel/codec/ip.ts'
import { isKernelError } from '#kernel/errors.ts'

/** An address. */
export interface Ip {
  /** Canonical (RFC 5952), without a prefix length. */
  readonly text: string
  readonly family: 'IPv4' | 'IPv6'
  /** Four or sixteen bytes. */
  readonly bytes: Buffer
}

/** An address and how many of its leading bits are the network. */
export interface Cidr extends Ip {
  readonly length: number
}

/** Reads an address; undefined when it is none. */
export function parseIp(text: string): Ip | undefined {
  const bytes = unlessMalformed(() => encodeIp(text))
  return bytes === undefined ? undefined : ipOf(bytes)
}

/** Reads an address with a prefix length; undefined when it is none. */
export function parseCidr(text: string): Cidr | undefined {
  const prefix = unlessMalformed(() => encodePrefix(text))
  return prefix === undefined ? undefined : { ...ipOf(prefix.bytes), length: prefix.length }
}

/** `10.0.0.1/30`: the address with its prefix length. */
export function formatCidr({ text, length }: Cidr): string {
  return `${text}/${length}`
}

/** The network of a CIDR as a CIDR: host bits zeroed. */
export function networkCidr(cidr: Cidr): Cidr {
  return { ...ipOf(networkBytes(cidr, cidr.length)), length: cidr.length }
}

/** A CIDR of the one address. */
export function hostCidr({ text, family, bytes }: Ip): Cidr {
  return { text, family, bytes, length: bytes.length * 8 }
}

/** Whether an address lies in the network of a CIDR. */
export function contains(network: Cidr, ip: Ip): boolean {
  if (network.family !== ip.family) return false
  return networkBytes(ip, network.length).equals(networkBytes(network, network.length))
}

/** Whether an interface may have the address: not "this network", loopback, multicast, reserved or IPv4-mapped (RFC 6890, RFC 4291). */
export function isAssignable({ family, bytes }: Ip): boolean {
  const [first = 0] = bytes
  if (family === 'IPv4') return first !== 0 && first !== 127 && first < 224
  return first !== 0xff && !bytes.subarray(0, 10).equals(Buffer.alloc(10))
}

/** Whether an address means nothing without an interface: 169.254.0.0/16 (RFC 3927), fe80::/10 (RFC 4291). */
export function isLinkLocal({ family, bytes }: Ip): boolean {
  const [first = 0, second = 0] = bytes
  return family === 'IPv4' ? first === 169 && second === 254 : first === 0xfe && (second & 0xc0) === 0x80
}

function ipOf(bytes: Buffer): Ip {
  return { text: decodeIp(bytes), family: bytes.length === 4 ? 'IPv4' : 'IPv6', bytes }
}

function networkBytes({ bytes }: Ip, length: number): Buffer {
  return networkOf({ family: 0, bytes, length }).bytes
}

function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (cause) {
    if (isKernelError(cause, 'EINVAL')) return undefined
    throw cause
  }
}
