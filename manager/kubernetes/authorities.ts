import type { KubeApi } from '#kube/api.ts'
import { isObject } from '#kube/shape.ts'

/** The ConfigMap in which the issuer publishes its authorities. */
export interface AuthoritiesPlace {
  readonly api: KubeApi
  readonly namespace: string
}

/** Milliseconds that the API server may take. */
const answerMs = 5000

/** The authorities of the mesh as the API server has them, PEM; empty while the issuer has published none. */
export async function publishedAuthorities({ api, namespace }: AuthoritiesPlace): Promise<string> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/nsm-authorities`
  const { data } = await api.call({ method: 'GET', path, signal: AbortSignal.timeout(answerMs) })
  const bundle = isObject(data) ? data['ca.crt'] : undefined
  return typeof bundle === 'string' ? bundle : ''
}
