import type { DescMethodBiDiStreaming, DescMethodServerStreaming } from '@bufbuild/protobuf'
import { abortable } from '#sdk/chain/abortable.ts'
import type { Log } from '#sdk/log.ts'
import type { CallKind } from './calls.ts'
import { decode, encode } from './codec.ts'
import type { ServedMethod } from './implement.ts'
import type { Inbox } from './inbox.ts'
import { itemsUntil } from './items-until.ts'
import { methodPath } from './method.ts'
import type { Reply } from './reply.ts'
import { isDefect, toStatus } from './status.ts'
import type { RpcContext } from './types.ts'

/** One call while it is served: what comes in, what goes out, and whom it is for. */
export interface Serving<P> {
  readonly inbox: Inbox
  readonly reply: Reply
  readonly context: RpcContext<P>
}

/** How to serve the calls of one HTTP/2 path: bytes in, bytes out; what it throws becomes the status. */
export interface Handling<P> {
  readonly path: string
  readonly kind: CallKind
  readonly answer: (call: Serving<P>) => Promise<void>
}

/** Serves a method by its handler. */
export function handling<P>(served: ServedMethod<P>): Handling<P> {
  const path = methodPath(served.method)
  switch (served.kind) {
    case 'unary':
      return { path, kind: 'unary', answer: call => answerOnce(served, call) }
    case 'server_streaming': {
      const { method, handler } = served
      const answer = async (call: Serving<P>): Promise<void> => {
        const input = decode(method.input, await call.inbox.only())
        await pump(method, handler(input, call.context), call)
      }
      return { path, kind: 'stream', answer }
    }
    default: {
      const { method, handler } = served
      const answer = (call: Serving<P>) => pump(method, handler(inputs(call, method), call.context), call)
      return { path, kind: 'stream', answer }
    }
  }
}

/** Serves one call to its end. Never fails. */
export async function handle<P>({ path, answer }: Handling<P>, call: Serving<P>, log: Log): Promise<void> {
  const { reply, context } = call
  try {
    await answer(call)
    reply.succeed()
  } catch (cause) {
    const thrown: unknown = context.signal.aborted ? context.signal.reason : cause
    if (isDefect(thrown))
      log.error({ err: thrown, method: path }, 'a handler failed with an error of unknown kind')
    reply.fail(toStatus(thrown))
  }
}

async function answerOnce<P>(
  { method, handler }: Extract<ServedMethod<P>, { readonly kind: 'unary' }>,
  { inbox, reply, context }: Serving<P>,
): Promise<void> {
  const input = decode(method.input, await inbox.only())
  reply.send(encode(method.output, await abortable(handler(input, context), context.signal)))
}

async function pump<P>(
  method: DescMethodServerStreaming | DescMethodBiDiStreaming,
  outputs: AsyncIterable<Parameters<typeof encode>[1]>,
  { reply, context: { signal } }: Serving<P>,
): Promise<void> {
  // A stream may be silent for long; its head tells the caller at once that it is being served.
  reply.begin()
  for await (const output of itemsUntil(outputs, signal)) {
    reply.send(encode(method.output, output))
    await abortable(reply.drained(), signal)
  }
}

async function* inputs<P>({ inbox }: Serving<P>, method: DescMethodBiDiStreaming) {
  for (let bytes = await inbox.next(); bytes !== undefined; bytes = await inbox.next())
    yield decode(method.input, bytes)
}
