import type { WatchEvent } from '#kube/api.ts'
import { NsmError } from '#sdk/errors.ts'
import { inheritLabel } from '#webhook/names.ts'
import { ourMetadata } from './our-metadata.ts'

type Annotations = Readonly<Record<string, string>>

/** Which namespace is waited for, how long, and on whose behalf. */
export interface Wait {
  readonly name: string
  readonly ms: number
  readonly signal: AbortSignal
}

/** The inheriting namespaces, as far as the watch has told. */
export interface Cache {
  apply(event: WatchEvent): void
  get(name: string): Annotations | undefined
  /** Resolves when the watch tells of the namespace. Throws API_UNAVAILABLE or CANCELLED. */
  wait(wait: Wait): Promise<Annotations>
  isSynced(): boolean
}

/** A cache that knows nothing yet. */
export function newCache(): Cache {
  const known = new Map<string, Annotations>()
  const waiting = new Map<string, Set<(found: Annotations) => void>>()
  let synced = false
  const learn = (name: string, annotations: Annotations) => {
    known.set(name, annotations)
    for (const tell of waiting.get(name) ?? []) tell(annotations)
  }
  return {
    apply({ type, object }) {
      if (type === 'SYNCED') {
        synced = true
        return
      }
      const namespace = ourMetadata(object)
      if (namespace === undefined) return
      if (type !== 'DELETED' && namespace.inherits) learn(namespace.name, namespace.annotations)
      else known.delete(namespace.name)
    },
    get: name => known.get(name),
    isSynced: () => synced,
    wait: async ({ name, ms, signal }) => {
      const ended = Promise.withResolvers<Annotations>()
      const waiters = waiting.get(name) ?? new Set()
      waiting.set(name, waiters.add(ended.resolve))
      const timer = setTimeout(() => ended.reject(unknown(name, ms)), ms)
      const cancel = () => ended.reject(cancelled(name, signal.reason))
      signal.addEventListener('abort', cancel)
      if (signal.aborted) cancel()
      try {
        return await ended.promise
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', cancel)
        waiters.delete(ended.resolve)
        if (waiters.size === 0) waiting.delete(name)
      }
    },
  }
}

function unknown(name: string, ms: number): NsmError {
  return new NsmError(
    'API_UNAVAILABLE',
    `the pod inherits from namespace ${name}, but the watch of namespaces with the label ${inheritLabel} has not told of it within ${ms} ms; make the pod again, a controller does by itself`,
  )
}

function cancelled(name: string, cause: unknown): NsmError {
  return new NsmError('CANCELLED', `waiting for namespace ${name}: the API server gave up the request`, {
    cause,
  })
}
