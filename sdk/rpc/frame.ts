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

/** The one message of a unary answer. Throws BAD_INPUT when it is compressed, cut short, followed by more or too large. */
export function unframe(answer: Uint8Array): Uint8Array {
  const body = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength)
  if (body.byteLength < prefixLength) throw malformed(`it has ${body.byteLength} bytes, less than a prefix`)
  if (body.readUInt8(0) !== 0) throw malformed('it is compressed, which was not asked for')
  const length = body.readUInt32BE(1)
  if (length > messageLimit)
    throw malformed(`its message has ${length} bytes, more than the ${messageLimit} allowed`)
  if (length !== body.byteLength - prefixLength)
    throw malformed(`its prefix says ${length} bytes and ${body.byteLength - prefixLength} came`)
  return body.subarray(prefixLength)
}

function malformed(why: string): NsmError {
  return new NsmError('BAD_INPUT', `cannot read the answer of a gRPC server: ${why}`)
}
