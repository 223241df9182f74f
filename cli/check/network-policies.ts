import type { Check, Finding } from './check.ts'
import { isInjected } from './is-injected.ts'
import type { Stored, StoredPod } from './objects.ts'

/** Where somebody may expect a NetworkPolicy to hold for links that it does not know. */
export const networkPolicies: Check = {
  id: 'network-policies',
  what: 'no namespace with network services relies on NetworkPolicies',
  find: async facts => {
    const [policies, pods] = await Promise.all([facts.policies(), facts.pods()])
    return judgePolicies(policies, pods)
  },
}

/** Judges namespaces that have both; one note for each. */
export function judgePolicies(policies: readonly Stored[], pods: readonly StoredPod[]): readonly Finding[] {
  const injected = pods.filter(isInjected)
  return [...new Set(policies.map(({ metadata }) => metadata?.namespace ?? ''))].flatMap(namespace => {
    const count = injected.filter(({ metadata }) => metadata?.namespace === namespace).length
    if (count === 0) return []
    return [
      {
        severity: 'note' as const,
        object: `Pods ${namespace}/*`,
        finding: `${count} of them have network services; their NetworkPolicies do not hold for those links, which bypass the network plug-in`,
        remedy: 'nothing, if that is meant; the endpoint of a service decides whom it lets in',
      },
    ]
  })
}
