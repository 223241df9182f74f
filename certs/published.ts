import type { KubeApi } from '#kube/api.ts'
import type { JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import { bundlePatch, type Configuration, readConfiguration } from './configuration.ts'

/** Path of all webhook configurations. */
export const configurationsPath = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

/** The configuration of that name as the API server has it, and undefined when there is none. */
export async function fetchConfiguration(
  api: KubeApi,
  name: string,
  signal: AbortSignal,
): Promise<Configuration | undefined> {
  try {
    const path = `${configurationsPath}/${encodeURIComponent(name)}`
    return readConfiguration(await api.call({ method: 'GET', path, signal }))
  } catch (thrown) {
    if (NsmError.from(thrown).code === 'NOT_FOUND') return undefined
    throw thrown
  }
}

/**
 * Makes every entry of the configuration trust exactly this bundle. `foreign` and `unchanged` write nothing. Throws CONFLICT
 * or BAD_INPUT when somebody changed it since it was read: read it and the bundle again, in this order.
 */
export async function publish(
  api: KubeApi,
  { configuration, bundle }: { readonly configuration: Configuration; readonly bundle: string },
  signal: AbortSignal,
): Promise<{ readonly result: 'ok' | 'unchanged' | 'foreign'; readonly object?: JsonObject }> {
  const body = bundlePatch(configuration, bundle)
  if (body.length === 0) return { result: 'unchanged' }
  if (configuration.owner.is === 'foreign') return { result: 'foreign' }
  const path = `${configurationsPath}/${encodeURIComponent(configuration.name)}`
  const contentType = 'application/json-patch+json'
  return { result: 'ok', object: await api.call({ method: 'PATCH', path, body, contentType, signal }) }
}
