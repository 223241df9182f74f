import type { Check, Finding } from './check.ts'
import type { EndpointSlice } from './objects.ts'

/** Whether there is a webhook to ask. */
export const webhookEndpoints: Check = {
  id: 'webhook-endpoints',
  what: 'at least one webhook is ready',
  find: async facts => judgeEndpoints(await facts.endpoints(), await facts.meshNamespace()),
}

/** Judges where the webhook's Service leads. An endpoint that says nothing about itself is ready. */
export function judgeEndpoints(slices: readonly EndpointSlice[], namespace: string): readonly Finding[] {
  const endpoints = slices.flatMap(slice => slice.endpoints ?? [])
  if (endpoints.some(({ conditions }) => conditions?.ready !== false)) return []
  const finding =
    endpoints.length === 0
      ? 'leads to no pod: the webhook does not run, or the selector of the Service is wrong'
      : `leads to ${endpoints.length} pods, of which none is ready`
  return [
    {
      severity: 'error',
      object: `Service ${namespace}/nsm-webhook`,
      finding,
      remedy: `kubectl -n ${namespace} describe deployment,pods -l app=nsm-webhook; GET /readyz of a webhook says why it is not ready`,
    },
  ]
}
