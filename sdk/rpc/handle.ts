import { once } from 'node:events'
import type { DescMethodBiDiStreaming, DescMethodServerStreaming } from '@bufbuild/protobuf'
import {
  Metadata,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js'
import { abortable } from '#sdk/chain/abortable.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { Calls } from './calls.ts'
import { decode, encode } from './codec.ts'
import type { Connections } from './connections.ts'
import type { ServedMethod } from './implement.ts'
import { itemsUntil } from './items-until.ts'
import { methodPath } from './method.ts'
import { errorCodeTrailer, isDefect, toStatus } from './status.ts'
import type { RpcContext } from './types.ts'

/** What the handlers of one server share. */
export interface Host<P> {
  readonly calls: Calls
  readonly connections: Connections<P>
  readonly log: Log
}

type Serving<P, K> = Extract<ServedMethod<P>, { readonly kind: K }>

/** Serves one unary call: bytes in, bytes or a status out. */
export async function handleUnary<P>(
  { method, handler }: Serving<P, 'unary'>,
  host: Host<P>,
  exchange: { readonly call: ServerUnaryCall<Buffer, Buffer>; readonly reply: sendUnaryData<Buffer> },
): Promise<void> {
  const { call, reply } = exchange
  using running = host.calls.open('unary', call)
  try {
    const answer = handler(decode(method.input, call.request), contextOf(host, call, running.signal))
    reply(null, encode(method.output, await abortable(answer, running.signal)))
  } catch (thrown) {
    reply(failure(thrown, methodPath(method), host.log))
  }
}

/** Serves one call whose answer is a stream. */
export async function handleServerStream<P>(
  { method, handler }: Serving<P, 'server_streaming'>,
  host: Host<P>,
  call: ServerWritableStream<Buffer, Buffer>,
): Promise<void> {
  await pump(method, host, { call, answer: context => handler(decode(method.input, call.request), context) })
}

/** Serves one call with a stream each way. */
export async function handleBidi<P>(
  { method, handler }: Serving<P, 'bidi_streaming'>,
  host: Host<P>,
  call: ServerDuplexStream<Buffer, Buffer>,
): Promise<void> {
  await pump(method, host, {
    call,
    answer: context => handler(inputs(call, method, context.signal), context),
  })
}

type OutputStream = ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>

interface Streaming<P> {
  readonly call: OutputStream
  readonly answer: (context: RpcContext<P>) => AsyncIterable<Parameters<typeof encode>[1]>
}

async function pump<P>(
  method: DescMethodServerStreaming | DescMethodBiDiStreaming,
  host: Host<P>,
  { call, answer }: Streaming<P>,
): Promise<void> {
  using running = host.calls.open('stream', call)
  try {
    // A stream may be silent for long; its headers tell the caller at once that it is being served.
    call.sendMetadata(new Metadata())
    for await (const output of itemsUntil(answer(contextOf(host, call, running.signal)), running.signal)) {
      if (!call.write(encode(method.output, output))) await once(call, 'drain', { signal: running.signal })
    }
    call.end()
  } catch (thrown) {
    // grpc-js ends a stream with a status when the stream emits an error; destroying it would lose the status.
    call.emit(
      'error',
      failure(running.signal.aborted ? running.signal.reason : thrown, methodPath(method), host.log),
    )
  }
}

async function* inputs(
  call: ServerDuplexStream<Buffer, Buffer>,
  method: DescMethodBiDiStreaming,
  signal: AbortSignal,
) {
  try {
    // Iterating a duplex destroys it at the end by default, and with it the answers still to be sent.
    for await (const bytes of call.iterator({ destroyOnReturn: false })) yield decode(method.input, bytes)
  } catch (thrown) {
    throw signal.aborted ? signal.reason : thrown
  }
}

function contextOf<P>(host: Host<P>, call: { getPeer(): string }, signal: AbortSignal): RpcContext<P> {
  const found = host.connections.find(call)
  if (found === undefined) throw new NsmError('CANCELLED', 'the connection of the caller has closed')
  return { signal, peer: found.peer }
}

/** The status of a failed call in the shape that grpc-js sends. */
function failure(thrown: unknown, path: string, log: Log) {
  const status = toStatus(thrown)
  if (isDefect(thrown))
    log.error({ err: thrown, method: path }, 'a handler failed with an error of unknown kind')
  const metadata = new Metadata()
  if (status.errorCode !== undefined) metadata.set(errorCodeTrailer, status.errorCode)
  return Object.assign(new Error(status.message), { code: status.code, details: status.message, metadata })
}
