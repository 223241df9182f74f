import { once } from 'node:events'
import type {
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
} from '@bufbuild/protobuf'
import type { ClientDuplexStream, ClientReadableStream } from '@grpc/grpc-js'
import { NsmError } from '#sdk/errors.ts'
import { asBytes, decode, encode } from './codec.ts'
import { defaultTimeoutMs } from './failure.ts'
import { itemsUntil } from './items-until.ts'
import { cancelWith, failureOf, type Line, refuseAborted } from './line.ts'
import { methodPath } from './method.ts'
import type { MethodCaller } from './types.ts'

/** Calls a method that has one answer. */
export function unaryCaller(line: Line, method: DescMethodUnary): MethodCaller<DescMethodUnary> {
  const path = methodPath(method)
  return async (input, options = {}) => {
    const { signal, timeoutMs = defaultTimeoutMs } = options
    const attempt = { line, path, signal, timeoutMs }
    refuseAborted(attempt)
    const answer = Promise.withResolvers<Buffer>()
    const bytes = encode(method.input, input)
    const call = line.grpc.makeUnaryRequest<Buffer, Buffer>(
      path,
      asBytes,
      asBytes,
      bytes,
      deadlineIn(timeoutMs),
      (error, value) => {
        if (error === null && value !== undefined) answer.resolve(value)
        else answer.reject(failureOf(error, attempt))
      },
    )
    using _ = cancelWith(attempt, call)
    return decode(method.output, await answer.promise)
  }
}

/** Calls a method that answers with a stream. Leaving the loop over it cancels the call. */
export function serverStreamCaller(
  line: Line,
  method: DescMethodServerStreaming,
): MethodCaller<DescMethodServerStreaming> {
  const path = methodPath(method)
  return async function* (input, options = {}) {
    const attempt = { line, path, ...options }
    refuseAborted(attempt)
    const bytes = encode(method.input, input)
    const call = line.grpc.makeServerStreamRequest<Buffer, Buffer>(
      path,
      asBytes,
      asBytes,
      bytes,
      deadlineIn(options.timeoutMs),
    )
    using _ = cancelWith(attempt, call)
    try {
      for await (const output of received(call)) yield decode(method.output, output)
    } catch (thrown) {
      throw failureOf(thrown, attempt)
    }
  }
}

/** Calls a method with a stream each way; the inputs are sent while the outputs are read. */
export function bidiCaller(
  line: Line,
  method: DescMethodBiDiStreaming,
): MethodCaller<DescMethodBiDiStreaming> {
  const path = methodPath(method)
  return async function* (inputs, options = {}) {
    const attempt = { line, path, ...options }
    refuseAborted(attempt)
    const call = line.grpc.makeBidiStreamRequest<Buffer, Buffer>(
      path,
      asBytes,
      asBytes,
      deadlineIn(options.timeoutMs),
    )
    using _ = cancelWith(attempt, call)
    const sending = new AbortController()
    const sent = send(call, encoded(inputs, method), sending.signal)
    try {
      for await (const output of received(call)) yield decode(method.output, output)
    } catch (thrown) {
      throw failureOf(thrown, attempt)
    } finally {
      sending.abort()
      await sent
    }
  }
}

async function* received(
  call: ClientReadableStream<Buffer> | ClientDuplexStream<Buffer, Buffer>,
): AsyncGenerator<Buffer, void> {
  // The status of a cancelled call may still arrive as an 'error' when nobody reads any more.
  call.on('error', () => undefined)
  try {
    yield* call.iterator({ destroyOnReturn: false })
  } finally {
    call.cancel()
  }
}

async function* encoded(
  inputs: AsyncIterable<MessageInitShape<DescMethodBiDiStreaming['input']>>,
  method: DescMethodBiDiStreaming,
) {
  for await (const input of inputs) yield encode(method.input, input)
}

/** Sends until the inputs end or the signal is aborted. A failure of the inputs fails the call. */
async function send(
  call: ClientDuplexStream<Buffer, Buffer>,
  inputs: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const input of itemsUntil(inputs, signal)) {
      if (!call.write(input)) await once(call, 'drain', { signal })
    }
    call.end()
  } catch (thrown) {
    if (!signal.aborted) call.destroy(NsmError.from(thrown))
  }
}

function deadlineIn(timeoutMs: number | undefined) {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs }
}
