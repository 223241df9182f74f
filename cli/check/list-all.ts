import type { KubeApi } from '#kube/api.ts'
import { isObject, type JsonObject, optionalObjectsAt } from '#kube/shape.ts'

const pageSize = 500

/** What to list. */
export interface ListQuestion {
  /** With its selectors. */
  readonly path: string
  readonly signal: AbortSignal
  /** Default `application/json`. */
  readonly accept?: string
  /** What is kept of each page; default everything. Large clusters have more objects than there is memory. */
  readonly keep?: (object: JsonObject) => boolean
}

/** Accept header of a list whose items are metadata alone. */
export const metadataList = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'

/** Lists all objects, page by page. */
export async function listAll(
  api: Pick<KubeApi, 'call'>,
  { path, signal, accept, keep = () => true }: ListQuestion,
): Promise<readonly JsonObject[]> {
  const kept: JsonObject[] = []
  let proceed = ''
  do {
    const query = new URLSearchParams({
      limit: String(pageSize),
      ...(proceed === '' ? {} : { continue: proceed }),
    })
    const page = await api.call({
      method: 'GET',
      path: `${path}${path.includes('?') ? '&' : '?'}${query.toString()}`,
      signal,
      ...(accept === undefined ? {} : { accept }),
    })
    kept.push(...optionalObjectsAt(page['items'], `${path} /items`).filter(keep))
    const next = isObject(page['metadata']) ? page['metadata']['continue'] : undefined
    proceed = typeof next === 'string' ? next : ''
  } while (proceed !== '')
  return kept
}
