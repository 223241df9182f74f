import type { KubeApi } from '#kube/api.ts'
import { isObject, type JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'

/** One Secret of the API server. */
export interface SecretPlace {
  readonly api: KubeApi
  readonly namespace: string
  readonly name: string
  /** Who writes it, as its `managedFields` say; default `nsm-webhook`. */
  readonly writer?: string
  /** How the Secret is made when it is not there, as advice. */
  readonly remedy?: string
}

/** Reads the Secret. Throws NOT_FOUND saying how to make it. */
export async function readSecret(place: SecretPlace, signal: AbortSignal): Promise<JsonObject> {
  try {
    return await place.api.call({ method: 'GET', path: pathOf(place), signal })
  } catch (thrown) {
    const error = NsmError.from(thrown)
    if (error.code !== 'NOT_FOUND') throw error
    const advice = place.remedy ?? 'apply the manifests, which have it empty, or run: nsm certs init'
    throw new NsmError('NOT_FOUND', `Secret ${place.namespace}/${place.name} does not exist; ${advice}`, {
      cause: error,
    })
  }
}

/** Writes the Secret as it was read and changed. Throws CONFLICT when somebody else wrote meanwhile. */
export function writeSecret(place: SecretPlace, body: JsonObject, signal: AbortSignal): Promise<JsonObject> {
  const path = `${pathOf(place)}?fieldManager=${place.writer ?? 'nsm-webhook'}`
  return place.api.call({ method: 'PUT', path, body, signal })
}

/** When the API server wrote the object last, by its own clock, to the second; undefined when it does not say. */
export function writtenAt(object: JsonObject): number | undefined {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  const fields: readonly unknown[] = Array.isArray(metadata['managedFields']) ? metadata['managedFields'] : []
  const times = fields.flatMap(field => (isObject(field) ? [Date.parse(String(field['time']))] : []))
  const known = times.filter(time => !Number.isNaN(time))
  return known.length === 0 ? undefined : Math.max(...known)
}

/** Path of the Secret. */
export function pathOf({ namespace, name }: SecretPlace): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(name)}`
}
