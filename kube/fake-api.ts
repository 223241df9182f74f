import { NsmError } from '#sdk/errors.ts'
import type { ApiCall, KubeApi } from './api.ts'
import { newStore } from './fake-store.ts'
import { type WireQuestion, watch } from './watch.ts'

/** An API server in memory, and what a test may do to it. */
export interface FakeApi extends KubeApi {
  /** Every call so far, in order; lists and streams of watches are not among them. */
  readonly calls: readonly ApiCall[]
  /** Runs before each call from now on; what it throws is the call's answer. Gives the way to take it away again. */
  intercept(before: (call: ApiCall) => void | Promise<void>): () => void
  /** Breaks the streams of all watches, as a restart of the server does. */
  disconnect(): void
  /** Keeps all watches away while `work` runs, and forgets what changed meanwhile, so that they must list again. */
  cutOff<T>(work: () => Promise<T>): Promise<T>
}

/**
 * A new, empty API server. It knows create, read, update, the three patches, delete, dry run, selectors and watch for any
 * kind, and neither validates nor defaults; namespaces need not be made, and nothing happens by itself.
 */
export function fakeApi(): FakeApi {
  const store = newStore()
  const calls: ApiCall[] = []
  const interceptors = new Set<(call: ApiCall) => void | Promise<void>>()
  let gate = Promise.resolve()
  const wire = {
    async list(question: WireQuestion) {
      await gate
      throwIfAborted(question.signal)
      return store.answer({ ...question, method: 'GET' })
    },
    async *stream(question: WireQuestion) {
      await gate
      yield* store.history.stream(question)
    },
  }
  return {
    calls,
    async call(call) {
      throwIfAborted(call.signal)
      calls.push(call)
      for (const before of interceptors) await before(call)
      return store.answer(call)
    },
    watch: options => watch(wire, options),
    intercept(before) {
      interceptors.add(before)
      return () => {
        interceptors.delete(before)
      }
    },
    disconnect: () => store.history.disconnect(),
    async cutOff(work) {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      store.history.disconnect()
      try {
        return await work()
      } finally {
        store.history.compact()
        resolve()
      }
    },
  }
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw NsmError.from(signal.reason, 'CANCELLED')
}
