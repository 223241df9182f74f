import type {
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
} from '@bufbuild/protobuf'
import { NsmError } from '#sdk/errors.ts'
import { decode, encode } from './codec.ts'
import { Exchange } from './exchange.ts'
import { defaultTimeoutMs } from './failure.ts'
import { itemsUntil } from './items-until.ts'
import type { Line } from './line.ts'
import { methodPath } from './method.ts'
import type { MethodCaller } from './types.ts'

/** Times that a call is asked which the server refuses without looking at it, as when it is just ending. */
const mostTries = 3

/** Calls a method that has one answer. */
export function unaryCaller(line: Line, method: DescMethodUnary): MethodCaller<DescMethodUnary> {
  const path = methodPath(method)
  return async (input, { signal, timeoutMs = defaultTimeoutMs } = {}) => {
    const bytes = encode(method.input, input)
    for (let tries = 1; ; tries++) {
      using exchange = new Exchange({ line, path, signal, timeoutMs })
      try {
        await exchange.start()
        exchange.send(bytes)
        exchange.end()
        return decode(method.output, await exchange.only())
      } catch (thrown) {
        if (!exchange.refused || tries === mostTries) throw thrown
      }
    }
  }
}

/** Calls a method that answers with a stream. Leaving the loop over it cancels the call. */
export function serverStreamCaller(
  line: Line,
  method: DescMethodServerStreaming,
): MethodCaller<DescMethodServerStreaming> {
  const path = methodPath(method)
  return async function* (input, options = {}) {
    const bytes = encode(method.input, input)
    using exchange = new Exchange({ line, path, ...options })
    await exchange.start()
    exchange.send(bytes)
    exchange.end()
    yield* outputs(exchange, method)
  }
}

/** Calls a method with a stream each way; the inputs are sent while the outputs are read. */
export function bidiCaller(
  line: Line,
  method: DescMethodBiDiStreaming,
): MethodCaller<DescMethodBiDiStreaming> {
  const path = methodPath(method)
  return async function* (inputs, options = {}) {
    using exchange = new Exchange({ line, path, ...options })
    await exchange.start()
    const sending = new AbortController()
    const sent = send(exchange, encoded(inputs, method), sending.signal)
    try {
      yield* outputs(exchange, method)
    } finally {
      sending.abort()
      await sent
    }
  }
}

async function* outputs(exchange: Exchange, method: DescMethodServerStreaming | DescMethodBiDiStreaming) {
  for (let bytes = await exchange.next(); bytes !== undefined; bytes = await exchange.next())
    yield decode(method.output, bytes)
}

async function* encoded(
  inputs: AsyncIterable<MessageInitShape<DescMethodBiDiStreaming['input']>>,
  method: DescMethodBiDiStreaming,
) {
  for await (const input of inputs) yield encode(method.input, input)
}

/** Sends until the inputs end or the signal is aborted. A failure of the inputs fails the call. */
async function send(exchange: Exchange, inputs: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
  try {
    for await (const input of itemsUntil(inputs, signal)) {
      exchange.send(input)
      await exchange.drained()
    }
    exchange.end()
  } catch (thrown) {
    if (!signal.aborted) exchange.abort(NsmError.from(thrown))
  }
}
