import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { KernelError } from '#kernel/errors.ts'
import { malformed } from './value.ts'

/** AF_INET and AF_INET6. */
export const family = { ipv4: 2, ipv6: 10 } as const

/** An address and how many of its leading bits are the network. */
export interface Prefix {
  readonly family: number
  readonly bytes: Buffer
  readonly length: number
}

/** Four or sixteen bytes of an address in text. Throws KernelError EINVAL. */
export function encodeIp(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  if (isIPv6(address) && !address.includes('%')) return encodeIpv6(address)
  throw new KernelError(`reading IP address "${address}"`, { errno: EINVAL, syscall: 'encode' })
}

/** Canonical text (RFC 5952). Throws KernelError EBADMSG unless there are four or sixteen bytes. */
export function decodeIp(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) throw malformed(`${bytes.length} bytes are no IP address`)
  const address = bytes.toString('hex').replaceAll(/(....)(?=.)/g, '$1:')
  return new SocketAddress({ address, family: 'ipv6' }).address
}

/** AF_INET or AF_INET6 of an address in bytes. */
export function familyOf(bytes: Buffer): number {
  return bytes.length === 4 ? family.ipv4 : family.ipv6
}

/** Reads CIDR text. Throws KernelError EINVAL. */
export function encodePrefix(cidr: string): Prefix {
  const [address = '', length = ''] = cidr.split('/', 2)
  const bytes = encodeIp(address)
  if (!/^\d{1,3}$/.test(length) || Number(length) > bytes.length * 8 || cidr.split('/').length !== 2) {
    throw new KernelError(`reading prefix "${cidr}"`, { errno: EINVAL, syscall: 'encode' })
  }
  return { family: familyOf(bytes), bytes, length: Number(length) }
}

/** The same address and length as everybody else writes them: `2001:DB8:0::1/64` becomes `2001:db8::1/64`. */
export function canonicalCidr(cidr: string): string {
  const { bytes, length } = encodePrefix(cidr)
  return `${decodeIp(bytes)}/${length}`
}

/** The network that a CIDR lies in: host bits zeroed. */
export function canonicalNetwork(cidr: string): string {
  const { bytes, length } = networkOf(encodePrefix(cidr))
  return `${decodeIp(bytes)}/${length}`
}

/** Zeroes the host bits: the kernel refuses an IPv4 route with any. */
export function networkOf(prefix: Prefix): Prefix {
  const bytes = Buffer.from(prefix.bytes)
  for (const [at, byte] of bytes.entries()) {
    const kept = Math.min(8, Math.max(0, prefix.length - at * 8))
    bytes[at] = byte & (0xff00 >> kept)
  }
  return { ...prefix, bytes }
}

function encodeIpv6(address: string): Buffer {
  const [front = [], back = []] = address.split('::', 2).map(ipv6Bytes)
  return Buffer.from([...front, ...Array.from({ length: 16 - front.length - back.length }, () => 0), ...back])
}

function ipv6Bytes(groups: string): readonly number[] {
  if (groups === '') return []
  return groups.split(':').flatMap(group => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

const EINVAL = 22
