import type { JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Target } from './apply.ts'
import { until } from './until.ts'

/** Deletes what is at a path, and what it has made; resolves when all of that is gone. `absent`: there was nothing. */
export async function remove(target: Target, path: string): Promise<'deleted' | 'absent'> {
  if ((await beginRemoval(target, path)) === 'absent') return 'absent'
  const { api, signal } = target
  const [, list = '', name = ''] = /^(.*)\/([^/]+)$/.exec(path) ?? []
  const found = (objects: readonly JsonObject[]) => (objects.length === 0 ? 'gone' : undefined)
  await until(api, { path: `${list}?fieldSelector=metadata.name%3D${name}`, found, signal }).catch(
    (cause: unknown) => {
      const error = NsmError.from(cause)
      if (error.code !== 'DEADLINE') throw error
      throw new NsmError(
        'DEADLINE',
        `deleting ${path}: it is not gone in time; run it again, it goes on from here (a node that does not answer keeps its pods: --skip-nodes)`,
        { cause },
      )
    },
  )
  return 'deleted'
}

/** Has the API server delete what is at a path once all that it has made is gone, and does not wait for that. */
export async function beginRemoval(
  { api, signal }: Target,
  path: string,
  options: object = { propagationPolicy: 'Foreground' },
): Promise<'begun' | 'absent'> {
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...options }
  try {
    await api.call({ method: 'DELETE', path, body, signal })
    return 'begun'
  } catch (thrown) {
    if (NsmError.from(thrown).code === 'NOT_FOUND') return 'absent'
    throw thrown
  }
}
