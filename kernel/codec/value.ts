/** Numbers and text inside netlink messages: host byte order, which is little-endian on x86-64 and arm64. */
import { KernelError } from '#kernel/errors.ts'

/**
 * Bytes of the pool that small buffers share: one of its own costs more than all that is done with it, and each is one
 * more for the collector to look at.
 */
export function zeroed(length: number): Buffer {
  return Buffer.allocUnsafe(length).fill(0)
}

export function u8(value: number): Buffer {
  return zeroed(1).fill(value)
}

export function u16(value: number): Buffer {
  const bytes = zeroed(2)
  bytes.writeUInt16LE(value)
  return bytes
}

/** In network byte order, as ports are. */
export function u16be(value: number): Buffer {
  const bytes = zeroed(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export function u32(value: number): Buffer {
  const bytes = zeroed(4)
  bytes.writeUInt32LE(value)
  return bytes
}

export function i32(value: number): Buffer {
  const bytes = zeroed(4)
  bytes.writeInt32LE(value)
  return bytes
}

/** With the terminating zero that the kernel expects. */
export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`)
}

/** Six bytes of `aa:bb:cc:dd:ee:ff`. Throws KernelError EINVAL. */
export function mac(value: string): Buffer {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(value)) {
    throw new KernelError(`reading MAC address "${value}"`, { errno: EINVAL, syscall: 'encode' })
  }
  return Buffer.from(value.replaceAll(':', ''), 'hex')
}

export function readU8(bytes: Buffer): number {
  return atLeast(bytes, 1).readUInt8()
}

export function readU16(bytes: Buffer): number {
  return atLeast(bytes, 2).readUInt16LE()
}

/** In network byte order. */
export function readU16be(bytes: Buffer): number {
  return atLeast(bytes, 2).readUInt16BE()
}

export function readU32(bytes: Buffer): number {
  return atLeast(bytes, 4).readUInt32LE()
}

export function readI32(bytes: Buffer): number {
  return atLeast(bytes, 4).readInt32LE()
}

/** Up to the first zero. */
export function readText(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
}

export function readMac(bytes: Buffer): string {
  return bytes.toString('hex').replaceAll(/(..)(?=.)/g, '$1:')
}

/** The bytes themselves, or KernelError EBADMSG when the kernel sent fewer than its own definition says. */
export function atLeast(bytes: Buffer, length: number): Buffer {
  if (bytes.length >= length) return bytes
  throw malformed(`expected ${length} bytes, found ${bytes.length}`)
}

/** The only error that decoding throws. */
export function malformed(why: string): KernelError {
  return new KernelError(`reading an answer of the kernel: ${why}`, { errno: EBADMSG, syscall: 'decode' })
}

const EINVAL = 22
const EBADMSG = 74
