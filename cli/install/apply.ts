import type { ApiCall, KubeApi } from '#kube/api.ts'
import { isObject, type JsonObject } from '#kube/shape.ts'
import { type ErrorCode, NsmError } from '#sdk/errors.ts'
import type { Discovery } from './discovery.ts'
import { pathIn } from './discovery.ts'
import type { Manifest } from './object.ts'

/** Who owns the fields that an installation sets. */
export const fieldManager = 'nsm'

/** A cluster to install into. */
export interface Target {
  readonly api: KubeApi
  readonly discovery: Discovery
  readonly signal: AbortSignal
  /** `dry run` only asks what would change. */
  readonly mode: 'change' | 'dry run'
}

/** What applying did. */
export type Applied = 'created' | 'configured' | 'unchanged'

/**
 * Applies one object on the server. Fields of it that others have set become ours: the manifests say how the mesh is.
 * Throws as `KubeApi.call`.
 */
export async function applyObject(
  { api, discovery, signal, mode }: Target,
  object: Manifest,
): Promise<Applied> {
  const path = pathIn(await discovery(object), object)
  const before = await fetchObject({ api, signal }, path)
  const dryRun = mode === 'dry run' ? '&dryRun=All' : ''
  const call: ApiCall = {
    method: 'PATCH',
    path: `${path}?fieldManager=${fieldManager}&force=true${dryRun}`,
    contentType: 'application/apply-patch+yaml',
    body: object,
    signal,
  }
  if (before === undefined && mode === 'dry run') {
    // Nothing can be tried in a namespace that is yet to be made.
    await api.call(call).catch(passOver('NOT_FOUND'))
    return 'created'
  }
  const after = await api.call(call)
  if (before === undefined) return 'created'
  return content(before) === content(after) ? 'unchanged' : 'configured'
}

function passOver(code: ErrorCode): (thrown: unknown) => void {
  return thrown => {
    if (NsmError.from(thrown).code !== code) throw thrown
  }
}

/** What an object says, without who said it and when. */
function content({ metadata, ...rest }: JsonObject): string {
  const { managedFields: _who, resourceVersion: _when, ...told } = isObject(metadata) ? metadata : {}
  return JSON.stringify([rest, told])
}

/** An object; undefined when there is none, or no such kind. Throws as `KubeApi.call`. */
export async function fetchObject(
  { api, signal }: Pick<Target, 'api' | 'signal'>,
  path: string,
): Promise<JsonObject | undefined> {
  try {
    return await api.call({ method: 'GET', path, signal })
  } catch (thrown) {
    if (NsmError.from(thrown).code === 'NOT_FOUND') return undefined
    throw thrown
  }
}
