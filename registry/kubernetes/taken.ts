import type { EndpointRecord } from '#registry/registry.ts'
import { NsmError } from '#sdk/errors.ts'

/** The error of a name that another pod has. */
export function taken({ endpoint }: EndpointRecord, { pod, node }: EndpointRecord): NsmError {
  return new NsmError(
    'ALREADY_EXISTS',
    `registering endpoint ${endpoint.name}: the name belongs to pod ${pod.namespace}/${pod.name} on node ${node}; choose another one`,
  )
}
