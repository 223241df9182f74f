import { annotate } from '#certs/secret.ts'
import type { KubeApi } from '#kube/api.ts'
import { isObject, type JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'

/** One ConfigMap of the API server, whose `ca.crt` everybody may read. */
export interface BundlePlace {
  readonly api: KubeApi
  readonly namespace: string
  readonly name: string
}

/** The annotation that says since when. Not `managedFields`, which the API server does not keep of all objects. */
const publishedKey = 'networkservicemesh.io/published'

/** Reads the ConfigMap. Throws NOT_FOUND saying how to make it. */
export async function readBundleMap(place: BundlePlace, signal: AbortSignal): Promise<JsonObject> {
  try {
    return await place.api.call({ method: 'GET', path: pathOf(place), signal })
  } catch (thrown) {
    const error = NsmError.from(thrown)
    if (error.code !== 'NOT_FOUND') throw error
    throw new NsmError(
      'NOT_FOUND',
      `ConfigMap ${place.namespace}/${place.name} does not exist; apply the manifests, which have it empty`,
      { cause: error },
    )
  }
}

/** When this bundle was published, in milliseconds since 1970, as the ConfigMap itself says; undefined when it says another one. */
export function publishedAt(map: JsonObject, bundle: string): number | undefined {
  const metadata = isObject(map['metadata']) ? map['metadata'] : {}
  const annotations = isObject(metadata['annotations']) ? metadata['annotations'] : {}
  const time = Date.parse(String(annotations[publishedKey]))
  return bundleIn(map) === bundle && !Number.isNaN(time) ? time : undefined
}

/**
 * Makes the ConfigMap say this bundle, and gives it as it is then. Throws CONFLICT when somebody wrote since it was read: read
 * it and the bundle again, in this order, or an old bundle could replace a new one.
 */
export async function publishBundle(
  place: BundlePlace,
  { map, bundle }: { readonly map: JsonObject; readonly bundle: string },
  signal: AbortSignal,
): Promise<JsonObject> {
  if (publishedAt(map, bundle) !== undefined) return map
  const data = isObject(map['data']) ? map['data'] : {}
  const dated = annotate(map, publishedKey, new Date().toISOString())
  const body = { ...dated, data: { ...data, 'ca.crt': bundle } }
  const path = `${pathOf(place)}?fieldManager=nsm-issuer`
  return await place.api.call({ method: 'PUT', path, body, signal })
}

function bundleIn(map: JsonObject): string {
  const value = isObject(map['data']) ? map['data']['ca.crt'] : undefined
  return typeof value === 'string' ? value : ''
}

function pathOf({ namespace, name }: BundlePlace): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(name)}`
}
