import type { KubeApi } from '#kube/api.ts'
import type { JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import { silent } from '#sdk/log.ts'
import { textAt } from './object.ts'

/** What is watched for what. */
export interface Until<T> {
  /** Path of a list, with its selectors. */
  readonly path: string
  /** Given all objects of the list after each change; what is not undefined ends the waiting. */
  readonly found: (objects: readonly JsonObject[]) => T | undefined
  readonly signal: AbortSignal
}

/** Follows a list until something is found in it. Throws DEADLINE or CANCELLED when the signal aborts before. */
export async function until<T>(api: Pick<KubeApi, 'watch'>, { path, found, signal }: Until<T>): Promise<T> {
  const stop = new AbortController()
  const objects = new Map<string, JsonObject>()
  let complete: 'yes' | 'no' = 'no'
  try {
    const watched = AbortSignal.any([signal, stop.signal])
    for await (const { type, object } of api.watch({ path, signal: watched, log: silent })) {
      const key = `${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`
      if (type === 'SYNCED') complete = 'yes'
      else if (type === 'DELETED') objects.delete(key)
      else objects.set(key, object)
      if (complete === 'no') continue
      const result = found([...objects.values()])
      if (result !== undefined) return result
    }
  } finally {
    stop.abort()
  }
  throw NsmError.from(signal.reason, 'CANCELLED')
}
