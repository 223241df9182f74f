import type { Deadline } from '@grpc/grpc-js'
import { NsmError } from '#sdk/errors.ts'

/** What of a grpc-js server call tells that the caller has gone. */
export interface Cancellable {
  readonly cancelled: boolean
  getDeadline(): Deadline
  once(event: 'cancelled', listener: () => void): unknown
}

/** One call while it is served. Disposing says that it is answered; its signal stays quiet from then on. */
export interface RunningCall extends Disposable {
  readonly signal: AbortSignal
}

/** Streams end as soon as a server shuts down, unary calls are given a moment to finish. */
export type CallKind = 'unary' | 'stream'

/** The calls that a server is serving, so that their callers' leaving and the server's end can abort them. */
export class Calls {
  readonly #running = new Map<AbortController, CallKind>()

  open(kind: CallKind, call: Cancellable): RunningCall {
    const controller = new AbortController()
    const running = this.#running
    running.set(controller, kind)
    // grpc-js says 'cancelled' after every call, also after those that it answered.
    const gone = (): void => {
      if (running.delete(controller)) controller.abort(whyGone(call))
    }
    call.once('cancelled', gone)
    if (call.cancelled) gone()
    return { signal: controller.signal, [Symbol.dispose]: () => running.delete(controller) }
  }

  /** Aborts the calls of one kind because the server is shutting down. */
  abort(kind: CallKind): void {
    for (const [controller, its] of this.#running) {
      if (its !== kind) continue
      this.#running.delete(controller)
      controller.abort(
        new NsmError('MANAGER_UNAVAILABLE', 'the server is shutting down; ask again in a moment'),
      )
    }
  }
}

function whyGone(call: Cancellable): NsmError {
  return Number(call.getDeadline()) <= Date.now()
    ? new NsmError('DEADLINE', 'the deadline of the caller passed')
    : new NsmError('CANCELLED', 'the caller gave up')
}
