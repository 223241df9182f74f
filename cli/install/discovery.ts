import type { KubeApi } from '#kube/api.ts'
import { NsmError } from '#sdk/errors.ts'
import { called, listAt, type Manifest, textAt } from './object.ts'

/** Where a kind is served. */
export interface Kind {
  /** `/apis/apps/v1`. */
  readonly root: string
  /** Empty for the core. */
  readonly group: string
  /** `daemonsets`. */
  readonly resource: string
  readonly scope: 'cluster' | 'namespace'
}

/** The kind of an object. Throws UNSUPPORTED when the cluster does not know it. */
export type Discovery = (object: Pick<Manifest, 'apiVersion' | 'kind' | 'metadata'>) => Promise<Kind>

/** Asks the API server what it serves, once for each version of a group. */
export function newDiscovery(api: Pick<KubeApi, 'call'>, signal: AbortSignal): Discovery {
  const known = new Map<string, Promise<readonly Kind_[]>>()
  return async object => {
    const { apiVersion, kind } = object
    const forget = (thrown: unknown): never => {
      known.delete(apiVersion)
      throw thrown
    }
    const served = known.get(apiVersion) ?? fetchKinds(api, apiVersion, signal)
    known.set(apiVersion, served)
    const found = (await served.catch(forget)).find(item => item.kind === kind)
    if (found !== undefined) return found
    // It may be there once a CustomResourceDefinition is applied.
    known.delete(apiVersion)
    throw new NsmError(
      'UNSUPPORTED',
      `${called({ ...object })}: this cluster serves no ${kind} of ${apiVersion}; nsm needs Kubernetes 1.30 or later`,
    )
  }
}

type Kind_ = Kind & { readonly kind: string }

async function fetchKinds(
  api: Pick<KubeApi, 'call'>,
  apiVersion: string,
  signal: AbortSignal,
): Promise<readonly Kind_[]> {
  const [group = '', version] = apiVersion.split('/')
  const root = version === undefined ? `/api/${apiVersion}` : `/apis/${apiVersion}`
  const answer = await api.call({ method: 'GET', path: root, signal }).catch((thrown: unknown) => {
    if (NsmError.from(thrown).code === 'NOT_FOUND') return {}
    throw thrown
  })
  return listAt(answer, 'resources')
    .filter(item => !textAt(item, 'name').includes('/'))
    .map(item => ({
      kind: textAt(item, 'kind'),
      root,
      group: version === undefined ? '' : group,
      resource: textAt(item, 'name'),
      scope: item['namespaced'] === true ? 'namespace' : 'cluster',
    }))
}

/** Path of an object of a kind. */
export function pathIn({ root, resource, scope }: Kind, { metadata }: Pick<Manifest, 'metadata'>): string {
  const place = scope === 'namespace' ? `/namespaces/${metadata.namespace ?? 'default'}` : ''
  return `${root}${place}/${resource}/${metadata.name}`
}
