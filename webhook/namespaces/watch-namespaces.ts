import { type KubeApi, metadataOnly } from '#kube/api.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { inheritLabel } from '#webhook/names.ts'
import { newCache } from './cache.ts'

/** The annotations that pods inherit from their namespaces. */
export interface Namespaces extends AsyncDisposable {
  /**
   * Our annotations of a namespace that carries the label networkservicemesh.io/inherit: at once when it is known. The
   * API server may have seen the label before we do, so an unknown one is waited for, 1 s at most; then throws
   * API_UNAVAILABLE. Throws CANCELLED when the signal aborts. Never calls the API.
   */
  annotationsOf(name: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>>
  /** Whether the first list has arrived; it stays true while the API server is away, and what is known is used. */
  isSynced(): boolean
}

/** What the watch needs. */
export interface NamespacesOptions {
  readonly api: Pick<KubeApi, 'watch'>
  readonly log: Log
  /** Ends the watch. */
  readonly signal: AbortSignal
  /** How long an unknown namespace is waited for, in milliseconds. Default 1000. */
  readonly waitMs?: number
}

/** Inheriting namespaces only: the others are neither sent nor held. */
const path = `/api/v1/namespaces?labelSelector=${encodeURIComponent(`${inheritLabel}=true`)}`

/** Follows the namespaces whose pods inherit, until the signal aborts or the result is disposed. */
export function watchNamespaces({ api, log, signal, waitMs = 1_000 }: NamespacesOptions): Namespaces {
  const stop = new AbortController()
  const stopped = AbortSignal.any([signal, stop.signal])
  const cache = newCache()
  const follow = async () => {
    for await (const event of api.watch({ path, accept: metadataOnly, signal: stopped, log }))
      cache.apply(event)
  }
  const done = follow()
  return {
    annotationsOf: async (name, caller) =>
      cache.get(name) ?? (await cache.wait({ name, ms: waitMs, signal: caller })),
    isSynced: () => cache.isSynced(),
    async [Symbol.asyncDispose]() {
      stop.abort(new NsmError('CANCELLED', 'the watch of namespaces ends'))
      await done
    },
  }
}
