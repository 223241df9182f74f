import type { KubeApi } from '#kube/api.ts'
import { isObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'

/**
 * The API server's clock, to the second, in milliseconds since 1970: it dates the review of oneself, which every account may ask
 * for. Undefined when it does not say. Throws API_UNAVAILABLE when it does not answer.
 */
export async function serverTime(api: KubeApi, signal: AbortSignal): Promise<number | undefined> {
  const kind = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  try {
    const { metadata } = await api.call({ method: 'POST', path, body: { ...kind, metadata: {} }, signal })
    const time = Date.parse(String(isObject(metadata) ? metadata['creationTimestamp'] : ''))
    return Number.isNaN(time) ? undefined : time
  } catch (thrown) {
    // Before 1.28 there is none, and a cluster may take the right away.
    const { code } = NsmError.from(thrown)
    if (code === 'NOT_FOUND' || code === 'DENIED' || code === 'BAD_INPUT') return undefined
    throw thrown
  }
}
