import { writtenAt } from '#certs/shared-secret.ts'
import type { KubeApi } from '#kube/api.ts'
import { isObject, type JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'

/** One ConfigMap of the API server, whose `ca.crt` everybody may read. */
export interface BundlePlace {
  readonly api: KubeApi
  readonly namespace: string
  readonly name: string
}

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

/** When the ConfigMap began to say exactly this bundle, by the API server's clock; undefined when it says another one, or not when. */
export function publishedAt(map: JsonObject, bundle: string): number | undefined {
  return bundleIn(map) === bundle ? writtenAt(map) : undefined
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
  if (bundleIn(map) === bundle) return map
  const data = isObject(map['data']) ? map['data'] : {}
  const body = { ...map, data: { ...data, 'ca.crt': bundle } }
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
