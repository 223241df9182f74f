import { NsmError } from '#sdk/errors.ts'
import { messageLimit } from './codec.ts'

/** Bytes before each message: a compression flag and the length, big-endian (gRPC over HTTP/2, Length-Prefixed-Message). */
const prefixLength = 5

/** A message with its prefix, uncompressed. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(prefixLength + message.byteLength)
  framed.writeUInt8(0, 0)
  framed.writeUInt32BE(message.byteLength, 1)
  framed.set(message, prefixLength)
  return framed
}

/** Takes the bytes of a stream apart into messages. */
export class MessageReader {
  #parts: Buffer[] = []
  #size = 0

  /** Bytes of a message that has begun and not ended. */
  get rest(): number {
    return this.#size
  }

  /** The messages that are whole now. Throws BAD_INPUT when one is compressed or too large. */
  push(bytes: Buffer): readonly Buffer[] {
    this.#parts.push(bytes)
    this.#size += bytes.length
    if (this.#size < this.#wanted()) return []
    const [first = bytes] = this.#parts
    let rest = this.#parts.length === 1 ? first : Buffer.concat(this.#parts, this.#size)
    const messages: Buffer[] = []
    for (
      let length = lengthOf(rest);
      length !== undefined && rest.length >= length;
      length = lengthOf(rest)
    ) {
      messages.push(rest.subarray(prefixLength, length))
      rest = rest.subarray(length)
    }
    this.#parts = rest.length === 0 ? [] : [rest]
    this.#size = rest.length
    return messages
  }

  /** Bytes of the first message with its prefix, as far as is known: so much must be there before it is worth to look. */
  #wanted(): number {
    const [first] = this.#parts
    return (first === undefined ? undefined : lengthOf(first)) ?? prefixLength
  }
}

/** Length of the message that begins here, with its prefix; undefined when the prefix is not whole. */
function lengthOf(bytes: Buffer): number | undefined {
  if (bytes.length < prefixLength) return undefined
  if (bytes.readUInt8(0) !== 0) throw malformed('it is compressed, which was not agreed')
  const length = bytes.readUInt32BE(1)
  if (length > messageLimit) throw malformed(`it has ${length} bytes, more than the ${messageLimit} allowed`)
  return prefixLength + length
}

function malformed(why: string): NsmError {
  return new NsmError('BAD_INPUT', `cannot read a gRPC message: ${why}`)
}
