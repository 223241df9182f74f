import type { Container } from '#kube/pod.ts'
import { isObject } from '#kube/shape.ts'
import type { Check, Finding } from './check.ts'
import { ownContainers } from './is-injected.ts'
import type { Stored } from './objects.ts'
import type { Trial } from './try-pod.ts'

/** What the levels are judged by. */
interface Question {
  readonly namespaces: readonly Stored[]
  /** The mesh's own. */
  readonly own: string
  /** Names of those that are looked at. */
  readonly scope: readonly string[]
  readonly trial: Trial
}

/** Whether the Pod Security level of a namespace would refuse what the webhook makes of its pods. */
export const podSecurity: Check = {
  id: 'pod-security',
  what: 'no Pod Security level refuses injected pods, or the mesh itself',
  find: async facts => {
    const [namespaces, own, scope, trial] = await Promise.all([
      facts.namespaces(),
      facts.meshNamespace(),
      facts.scope(),
      facts.trial('init'),
    ])
    return judgePodSecurity({ namespaces, own, scope, trial })
  },
}

const enforce = 'pod-security.kubernetes.io/enforce'

/** Judges the levels that namespaces enforce. */
export function judgePodSecurity({ namespaces, own, scope, trial }: Question): readonly Finding[] {
  const lacks = trial.made ? ownContainers(trial.pod).flatMap(lacksForRestricted) : []
  return namespaces.flatMap(({ metadata }) => {
    const name = metadata?.name ?? ''
    const level = metadata?.labels?.[enforce] ?? 'privileged'
    if (name === own && level !== 'privileged')
      return {
        severity: 'error',
        object: `Namespace ${name}`,
        finding: `enforces ${level}: the forwarder, which works in the network namespaces of the node, cannot run there`,
        remedy: `kubectl label --overwrite namespace ${name} ${enforce}=privileged`,
      }
    if (level !== 'restricted' || !scope.includes(name) || lacks.length === 0) return []
    return {
      severity: 'error',
      object: `Namespace ${name}`,
      finding: `enforces restricted, which the injected container does not meet: ${lacks.join(', ')}`,
      remedy:
        'leave NSM_INIT_USER of the webhook at its default, and see whether another webhook changes the container',
    }
  })
}

/** What the Pod Security Standard restricted asks of a container and this one does not have. */
function lacksForRestricted(container: Container): readonly string[] {
  const context = isObject(container.securityContext) ? container.securityContext : {}
  const capabilities = isObject(context['capabilities']) ? context['capabilities'] : {}
  const seccomp = isObject(context['seccompProfile']) ? context['seccompProfile'] : {}
  return [
    ...(context['allowPrivilegeEscalation'] === false ? [] : ['allowPrivilegeEscalation: false']),
    ...(context['runAsNonRoot'] === true ? [] : ['runAsNonRoot: true']),
    ...(JSON.stringify(capabilities['drop']) === '["ALL"]' ? [] : ['capabilities.drop: [ALL]']),
    ...(['RuntimeDefault', 'Localhost'].includes(String(seccomp['type'])) ? [] : ['seccompProfile']),
  ]
}
