import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import { unaryCaller } from './call.ts'
import { Line } from './line.ts'
import type { Address, CallOptions } from './types.ts'

/** One unary call over a connection of its own. Throws the same errors as a client of `dial`. */
// oxlint-disable-next-line max-params -- three parameters, then the options
export async function unary<I extends DescMessage, O extends DescMessage>(
  address: Address,
  method: DescMethodUnary<I, O>,
  input: MessageInitShape<I>,
  options: CallOptions = {},
): Promise<MessageShape<O>> {
  using line = new Line(address)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller of a method answers with its output
  return (await unaryCaller(line, method)(input, options)) as MessageShape<O>
}
