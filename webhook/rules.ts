import { annotationsOf } from '#kube/meta.ts'
import type { Pod } from '#kube/pod.ts'
import { annotationKeys } from '#sdk/service-ref.ts'
import { injectAnnotation, partOfLabel } from './names.ts'
import type { PatchSettings } from './settings.ts'

/** What a decision about a pod depends on besides the pod. */
export interface PatchContext {
  readonly settings: PatchSettings
  /** Where the request says that the pod is made. Default the pod's own word, then `default`. */
  readonly namespace?: string
  /** Annotations of that namespace, when its pods inherit them. */
  readonly inherited?: Readonly<Record<string, string>>
}

/** Why a pod is left as it is; a bounded set, for logs, metrics and the audit annotation. */
export type SkipReason =
  | 'no-annotation'
  | 'ignored-namespace'
  | 'own-pod'
  | 'mirror-pod'
  | 'static-pod'
  | 'opted-out'
  | 'host-network'
  | 'windows-pod'
  | 'already-injected'

/** A pod in its place. */
export interface Subject {
  readonly pod: Pod
  readonly namespace: string
  readonly settings: PatchSettings
  /** The annotations that name services: the pod's own, or else its namespace's; undefined when there are none. */
  readonly asked: AskedFor | undefined
}

/** Who asks for services. */
export interface AskedFor {
  readonly by: 'pod' | 'namespace'
  readonly annotations: Readonly<Record<string, string>>
}

/** The pod in its place; the pod's own annotation beats its namespace's. */
export function subjectOf(pod: Pod, context: PatchContext): Subject {
  const { settings, inherited = {} } = context
  const namespace = context.namespace ?? pod.metadata?.namespace ?? 'default'
  const own = servicesIn(annotationsOf(pod))
  const passedOn = servicesIn(inherited)
  const asked: AskedFor | undefined =
    own === undefined
      ? passedOn && { by: 'namespace', annotations: passedOn }
      : { by: 'pod', annotations: own }
  return { pod, namespace, settings, asked }
}

/**
 * The reasons for leaving a pod alone, in order. The first decides alone; of the others all that hold are told, so that
 * the pod's owner removes them in one go.
 */
export const rules: readonly Rule[] = [
  {
    reason: 'no-annotation',
    meaning: 'neither the pod nor its namespace asks for network services',
    holds: ({ asked }) => asked === undefined,
  },
  {
    reason: 'ignored-namespace',
    meaning: 'its namespace is one in which nothing is injected',
    holds: ({ namespace, settings }) => settings.ignoredNamespaces.includes(namespace),
  },
  {
    reason: 'own-pod',
    meaning: 'the pod is a part of the mesh itself',
    holds: ({ pod }) => pod.metadata?.labels?.[partOfLabel] === 'nsm',
  },
  {
    reason: 'mirror-pod',
    meaning: 'the pod only mirrors a static pod of a kubelet, which nobody can change',
    holds: ({ pod }) => annotationsOf(pod)['kubernetes.io/config.mirror'] !== undefined,
  },
  {
    reason: 'static-pod',
    meaning: 'the pod comes from a file of a kubelet, not from the API server',
    holds: ({ pod }) => (annotationsOf(pod)['kubernetes.io/config.source'] ?? 'api') !== 'api',
  },
  {
    reason: 'opted-out',
    meaning: `its annotation ${injectAnnotation} is "false"`,
    holds: ({ pod }) => annotationsOf(pod)[injectAnnotation] === 'false',
  },
  {
    reason: 'host-network',
    meaning: 'the pod has hostNetwork: true',
    warning:
      'network services are asked for, but the pod has hostNetwork: true, so it has no interfaces of its own and gets none',
    holds: ({ pod }) => pod.spec?.hostNetwork === true,
  },
  {
    reason: 'windows-pod',
    meaning: 'the pod runs on Windows',
    warning: 'network services are asked for, but the pod runs on Windows, where there are none',
    holds: ({ pod }) =>
      pod.spec?.os?.name === 'windows' || pod.spec?.nodeSelector?.['kubernetes.io/os'] === 'windows',
  },
]

/** One reason for leaving a pod alone. */
export interface Rule {
  readonly reason: SkipReason
  /** In words, behind "because". */
  readonly meaning: string
  /** Said to the user where the annotation was probably meant to have an effect. */
  readonly warning?: string
  readonly holds: (subject: Subject) => boolean
}

/** Those rules that hold: none, or the first, or all others that do. */
export function rulesThatHold(subject: Subject): readonly Rule[] {
  const [first, ...others] = rules
  return first?.holds(subject) === true ? [first] : others.filter(rule => rule.holds(subject))
}

/** The annotations that name services; undefined when there are none. */
function servicesIn(
  annotations: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> | undefined {
  const found = annotationKeys.filter(key => annotations[key] !== undefined)
  return found.length === 0 ? undefined : Object.fromEntries(found.map(key => [key, annotations[key] ?? '']))
}
