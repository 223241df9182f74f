import type { KubeApi } from '#kube/api.ts'
import { isObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'

/** The API server's time, in whole seconds, and ours around it; milliseconds since 1970. */
export interface Clock {
  readonly before: number
  readonly server: number
  readonly after: number
}

/** Reads the API server's clock off a review of who we are: everybody may ask for one, and nothing is stored. */
export async function readClock(api: Pick<KubeApi, 'call'>, signal: AbortSignal): Promise<Clock> {
  const before = Date.now()
  const review = await api.call({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    signal,
  })
  const made = isObject(review['metadata']) ? review['metadata']['creationTimestamp'] : undefined
  const server = typeof made === 'string' ? Date.parse(made) : Number.NaN
  if (Number.isNaN(server))
    throw new NsmError('UNSUPPORTED', 'reading the clock of the API server: its answer carries no time')
  return { before, server, after: Date.now() }
}
