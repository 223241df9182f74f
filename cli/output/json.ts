import { type DescMessage, type MessageShape, toJson } from '@bufbuild/protobuf'

/** A message as indented JSON (proto3 JSON mapping: 64-bit numbers and times are strings). */
export function jsonOf<D extends DescMessage>(schema: D, message: MessageShape<D>): string {
  return `${JSON.stringify(toJson(schema, message, { alwaysEmitImplicit: true }), undefined, 2)}\n`
}
