import { NsmError } from '#sdk/errors.ts'

/** Streams end as soon as a server shuts down, unary calls are given a moment to finish. */
export type CallKind = 'unary' | 'stream'

/** One call while it is served. Disposing says that it is answered; its signal stays quiet from then on. */
export interface RunningCall extends Disposable {
  readonly signal: AbortSignal
  /** The caller has gone. */
  gone(): void
}

/** The calls that a server is serving, so that their callers' leaving and the server's end can abort them. */
export class Calls {
  readonly #running = new Map<AbortController, CallKind>()

  /** `timeoutMs` is what the caller gives the call; undefined is for ever. */
  open(kind: CallKind, timeoutMs: number | undefined): RunningCall {
    const controller = new AbortController()
    const running = this.#running
    running.set(controller, kind)
    const abort = (reason: NsmError): void => {
      if (running.delete(controller)) controller.abort(reason)
    }
    const late = () => abort(new NsmError('DEADLINE', 'the deadline of the caller passed'))
    const timer = timeoutMs === undefined ? undefined : setTimeout(late, Math.min(timeoutMs, longestTimer))
    return {
      signal: controller.signal,
      gone: () => abort(new NsmError('CANCELLED', 'the caller gave up')),
      [Symbol.dispose]: () => {
        clearTimeout(timer)
        running.delete(controller)
      },
    }
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

/** A longer one would fire at once. */
const longestTimer = 2 ** 31 - 1
