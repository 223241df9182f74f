import { align4 } from './message.ts'
import { malformed, zeroed } from './value.ts'

/** Values by attribute type; of a repeated type the last one. */
export type Attributes = ReadonlyMap<number, Buffer>

const headerLength = 4
const nestedFlag = 0x8000
const typeMask = 0x3fff

/**
 * One attribute.
 *
 * struct nlattr: len u16 @0 (with header, without padding), type u16 @2 (bit 15 nested, bit 14 big-endian).
 * Attributes start at multiples of 4.
 */
export function attribute(type: number, value: Uint8Array): Buffer {
  const bytes = zeroed(headerLength + align4(value.length))
  bytes.writeUInt16LE(headerLength + value.length, 0)
  bytes.writeUInt16LE(type, 2)
  bytes.set(value, headerLength)
  return bytes
}

/** An attribute that holds attributes. */
export function nested(type: number, ...attributes: readonly Uint8Array[]): Buffer {
  return attribute(type | nestedFlag, Buffer.concat(attributes))
}

/**
 * Takes a run of attributes apart, or those of it that are wanted; values share its memory. Throws KernelError EBADMSG.
 */
export function decodeAttributes(bytes: Buffer, wanted?: ReadonlySet<number>): Attributes {
  const attributes = new Map<number, Buffer>()
  for (let at = 0; at + headerLength <= bytes.length; ) {
    const length = bytes.readUInt16LE(at)
    if (length < headerLength || at + length > bytes.length)
      throw malformed(`attribute length ${length} is impossible`)
    const type = bytes.readUInt16LE(at + 2) & typeMask
    if (wanted === undefined || wanted.has(type))
      attributes.set(type, bytes.subarray(at + headerLength, at + length))
    at += align4(length)
  }
  return attributes
}
