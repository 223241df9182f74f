import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import { NsmError } from '#sdk/errors.ts'

/** The largest message in bytes that either side accepts; gRPC's usual limit is 4 MiB. */
export const messageLimit = 16 * 1024 * 1024

/** A message as bytes. Throws BAD_INPUT when a field holds a value that its type cannot carry. */
export function encode<S extends DescMessage>(schema: S, message: MessageInitShape<S>): Buffer {
  try {
    const bytes = toBinary(schema, create(schema, message))
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  } catch (cause) {
    throw new NsmError('BAD_INPUT', `cannot encode a ${schema.typeName}: ${reason(cause)}`, { cause })
  }
}

/** Bytes as a message; unknown fields are kept. Throws BAD_INPUT when they are not one. */
export function decode<S extends DescMessage>(schema: S, bytes: Uint8Array): MessageShape<S> {
  try {
    return fromBinary(schema, bytes)
  } catch (cause) {
    throw new NsmError(
      'BAD_INPUT',
      `cannot decode a ${schema.typeName} of ${bytes.byteLength} bytes: ${reason(cause)}`,
      { cause },
    )
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
