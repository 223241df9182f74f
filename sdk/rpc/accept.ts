import { grpcStatus, NsmError } from '#sdk/errors.ts'
import type { Accept } from '#sdk/http2/connection.ts'
import type { Fields } from '#sdk/http2/hpack.ts'
import type { Stream, StreamListener } from '#sdk/http2/stream.ts'
import type { Log } from '#sdk/log.ts'
import type { Calls } from './calls.ts'
import { type Handling, handle } from './handle.ts'
import type { Hoard } from './hoard.ts'
import { Inbox } from './inbox.ts'
import { Reply } from './reply.ts'
import { timeoutOf } from './timeout.ts'

/** What the connections of one server share. */
export interface Host<P> {
  /** By HTTP/2 path. */
  readonly handlings: ReadonlyMap<string, Handling<P>>
  readonly calls: Calls
  readonly hoard: Hoard
  readonly log: Log
}

/** Serves the calls of one connection, all of the same peer. */
export function accepting<P>(host: Host<P>, peer: P): Accept {
  return (stream, fields) => {
    const reply = new Reply(stream)
    const path = fields.get(':path') ?? ''
    const handling = host.handlings.get(path)
    if (isGrpc(fields) && handling !== undefined)
      return serving(
        stream,
        { handling, reply, peer, timeoutMs: timeoutOf(fields.get('grpc-timeout')) },
        host,
      )
    if (isGrpc(fields)) reply.fail({ code: grpcStatus.UNIMPLEMENTED, message: `${path} is not served here` })
    else reply.refuse()
    return { fields() {}, data: bytes => stream.taken(bytes.length), end() {}, closed() {} }
  }
}

function isGrpc(fields: Fields): boolean {
  return (
    fields.get(':method') === 'POST' && fields.get('content-type')?.startsWith('application/grpc') === true
  )
}

interface Call<P> {
  readonly handling: Handling<P>
  readonly reply: Reply
  readonly peer: P
  readonly timeoutMs: number | undefined
}

function serving<P>(
  stream: Stream,
  { handling, reply, peer, timeoutMs }: Call<P>,
  { calls, hoard, log }: Host<P>,
): StreamListener {
  const inbox = new Inbox(bytes => stream.taken(bytes))
  const share = hoard.share()
  const running = calls.open(handling.kind, timeoutMs)
  const { signal } = running
  signal.addEventListener('abort', () => inbox.fail(signal.reason))
  void handle(handling, { inbox, reply, context: { signal, peer } }, log).finally(() => {
    running[Symbol.dispose]()
    // A caller that goes on nonetheless is not listened to.
    inbox.end()
    share[Symbol.dispose]()
  })
  return {
    fields() {},
    data: bytes => {
      inbox.data(bytes)
      if (share.keep(inbox.unfinished) === 'too many') inbox.fail(overloaded())
    },
    end: () => inbox.end(),
    closed: () => running.gone(),
  }
}

function overloaded(): NsmError {
  return new NsmError(
    'BAD_INPUT',
    'cannot read a gRPC message: too many of its callers have begun large messages and not finished them',
  )
}
