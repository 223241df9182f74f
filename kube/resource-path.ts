/** What the path of an API call names. */
export interface ResourcePath {
  /** `/api/v1` or `/apis/GROUP/VERSION`. */
  readonly root: string
  /** `configmaps`. */
  readonly resource: string
  /** Empty for cluster-wide kinds, and for lists over all namespaces. */
  readonly namespace: string
  /** Empty for lists. */
  readonly name: string
  readonly subresource: string
  readonly query: URLSearchParams
}

/** Takes the path of an API call apart; undefined when it names no resource. */
export function resourcePath(path: string): ResourcePath | undefined {
  const { pathname, searchParams: query } = new URL(path, 'https://api')
  const [root, ...rest] = split(pathname)
  if (root === undefined || rest[0] === undefined) return undefined
  const inNamespace = rest[0] === 'namespaces' && rest[2] !== undefined && !ofNamespace.has(rest[2])
  const [resource = '', name = '', subresource = ''] = inNamespace ? rest.slice(2) : rest
  return { root, resource, namespace: inNamespace ? (rest[1] ?? '') : '', name, subresource, query }
}

/** Sub-resources of a namespace itself, as opposed to resources in it. */
const ofNamespace = new Set(['status', 'finalize'])

function split(pathname: string): readonly string[] {
  const parts = pathname.split('/').slice(1).map(decodeURIComponent)
  if (parts[0] === 'api') return [`/api/${parts[1] ?? ''}`, ...parts.slice(2)]
  if (parts[0] === 'apis') return [`/apis/${parts[1] ?? ''}/${parts[2] ?? ''}`, ...parts.slice(3)]
  return []
}

/** The collection that a path is in, over all namespaces: `/api/v1/configmaps`. */
export function collectionOf({ root, resource }: ResourcePath): string {
  return `${root}/${resource}`
}
