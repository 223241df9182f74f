import type { JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Target } from './apply.ts'
import { until } from './until.ts'

/** Deletes what is at a path, and what it has made; resolves when all of that is gone. `absent`: there was nothing. */
export async function remove(target: Target, path: string): Promise<'deleted' | 'absent'> {
  const { api, signal } = target
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Foreground' }
  try {
    await api.call({ method: 'DELETE', path, body, signal })
  } catch (thrown) {
    if (NsmError.from(thrown).code === 'NOT_FOUND') return 'absent'
    throw thrown
  }
  const [, list = '', name = ''] = /^(.*)\/([^/]+)$/.exec(path) ?? []
  const found = (objects: readonly JsonObject[]) => (objects.length === 0 ? 'gone' : undefined)
  await until(api, { path: `${list}?fieldSelector=metadata.name%3D${name}`, found, signal }).catch(
    (cause: unknown) => {
      const error = NsmError.from(cause)
      if (error.code !== 'DEADLINE') throw error
      throw new NsmError(
        'DEADLINE',
        `deleting ${path}: it is not gone in time; run it again, it goes on from here`,
        { cause },
      )
    },
  )
  return 'deleted'
}
