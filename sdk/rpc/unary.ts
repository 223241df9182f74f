import type { ClientHttp2Session, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2'
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import { abortable } from '#sdk/chain/abortable.ts'
import { NsmError } from '#sdk/errors.ts'
import { parseAddress, type Target } from './address.ts'
import { decode, encode, messageLimit } from './codec.ts'
import {
  type Attempt,
  connectionLost,
  defaultTimeoutMs,
  refuseAborted,
  timedOut,
  unreachable,
} from './failure.ts'
import { frame, unframe } from './frame.ts'
import { methodPath } from './method.ts'
import { errorCodeTrailer, fromStatus, percentDecoded } from './status.ts'
import type { Address, CallOptions } from './types.ts'

/**
 * One unary call over a connection of its own, without grpc-js, which takes longer to load than the call takes; also
 * node:http2 is loaded only now. Throws the same errors as a client of `dial`.
 */
// oxlint-disable-next-line max-params -- three parameters, then the options
export async function unary<I extends DescMessage, O extends DescMessage>(
  address: Address,
  method: DescMethodUnary<I, O>,
  input: MessageInitShape<I>,
  options: CallOptions = {},
): Promise<MessageShape<O>> {
  const { signal, timeoutMs = defaultTimeoutMs } = options
  const attempt: Attempt = { address, target: parseAddress(address), path: methodPath(method) }
  refuseAborted(attempt, signal)
  const request = frame(encode(method.input, input))
  const deadline = AbortSignal.timeout(timeoutMs)
  const { connect } = await import('node:http2')
  const session = connect('http://localhost', connectTo(attempt.target))
  try {
    const answer = exchange(session, attempt, { headers: requestHeaders(attempt.path, timeoutMs), request })
    return decode(
      method.output,
      await abortable(answer, signal === undefined ? deadline : AbortSignal.any([signal, deadline])),
    )
  } catch (thrown) {
    refuseAborted(attempt, signal)
    throw deadline.aborted ? timedOut(attempt, timeoutMs) : thrown
  } finally {
    session.destroy()
  }
}

/** What `net.connect` is to do; `http2.connect` passes it on and lets it override the host of its URL. */
function connectTo(target: Target) {
  return target.kind === 'tcp' ? { host: target.host, port: target.port } : { path: target.path }
}

function requestHeaders(path: string, timeoutMs: number): OutgoingHttpHeaders {
  return {
    ':method': 'POST',
    ':path': path,
    te: 'trailers',
    'content-type': 'application/grpc+proto',
    'grpc-timeout': `${Math.min(Math.ceil(timeoutMs), 99_999_999)}m`,
  }
}

interface Request {
  readonly headers: OutgoingHttpHeaders
  readonly request: Buffer
}

async function exchange(
  session: ClientHttp2Session,
  attempt: Attempt,
  { headers, request }: Request,
): Promise<Uint8Array> {
  let sessionError: unknown
  session.on('error', cause => {
    sessionError = cause
  })
  const stream = session.request(headers)
  let fields: IncomingHttpHeaders = {}
  for (const event of ['response', 'trailers'] as const) {
    stream.on(event, (more: IncomingHttpHeaders) => {
      fields = { ...fields, ...more }
    })
  }
  stream.end(request)
  let body: Uint8Array = new Uint8Array()
  try {
    body = await bodyOf(stream)
  } catch (cause) {
    // A server may answer and reset the stream without reading all of the request.
    if (fields['grpc-status'] === undefined)
      throw session.connecting ? unreachable(attempt, sessionError ?? cause) : connectionLost(attempt, cause)
  }
  return answerOf(fields, body, attempt)
}

async function bodyOf(stream: AsyncIterable<Buffer>): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    chunks.push(chunk)
    size += chunk.byteLength
    if (size > messageLimit)
      throw new NsmError('BAD_INPUT', `the answer has more than the ${messageLimit} bytes allowed`)
  }
  return Buffer.concat(chunks)
}

/** The message of a finished stream; throws the error that its trailers tell. */
function answerOf(fields: IncomingHttpHeaders, body: Uint8Array, attempt: Attempt): Uint8Array {
  const status = textOf(fields, 'grpc-status')
  if (status === '0') return unframe(body)
  if (status === undefined)
    throw connectionLost(
      attempt,
      `it answered HTTP ${textOf(fields, ':status') ?? 'nothing'} without a gRPC status`,
    )
  const message = percentDecoded(textOf(fields, 'grpc-message') ?? '')
  throw fromStatus({ code: Number(status), message, errorCode: textOf(fields, errorCodeTrailer) })
}

function textOf(fields: IncomingHttpHeaders, name: string): string | undefined {
  return [fields[name]].flat()[0]?.toString()
}
