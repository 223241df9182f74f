import { describeObject } from '#kube/meta.ts'
import type { Check, Finding } from './check.ts'
import type { Stored } from './objects.ts'

/** Whether endpoints have pods. */
export const endpoints: Check = {
  id: 'endpoints',
  what: 'every endpoint has a pod that lives',
  find: async facts => {
    const found = await facts.networkEndpoints()
    return judgeNetworkEndpoints(found, found.length === 0 ? [] : await facts.endpointPods())
  },
}

/** Judges endpoints by their owners. One without an owner is somebody's own, and left alone. */
export function judgeNetworkEndpoints(all: readonly Stored[], pods: readonly Stored[]): readonly Finding[] {
  const living = new Set(pods.map(({ metadata }) => metadata?.uid))
  return all.flatMap(endpoint => {
    const owner = (endpoint.metadata?.ownerReferences ?? []).find(({ kind }) => kind === 'Pod')
    if (owner === undefined || living.has(owner.uid)) return []
    return [
      {
        severity: 'warning' as const,
        object: describeObject(endpoint, 'NetworkServiceEndpoint'),
        finding: `its pod ${owner.name ?? '?'} is gone; clients that are sent there wait and ask again`,
        remedy: `the cluster removes it within a minute; if not: kubectl -n ${endpoint.metadata?.namespace ?? ''} delete nse ${endpoint.metadata?.name ?? ''}`,
      },
    ]
  })
}
