import { annotationsOf, controllerOf, type KubeObject } from '#kube/meta.ts'
import { annotationKeys } from '#sdk/service-ref.ts'
import { inheritLabel, injectAnnotation, partOfLabel } from '#webhook/names.ts'

/** What the API server knows when it decides whether to ask the webhook. */
export interface Admitted {
  readonly kind: string
  readonly object: KubeObject
  readonly namespace: string
  readonly namespaceLabels: Readonly<Record<string, string>>
}

/** An entry of the webhook's configuration, as it applies to one object. */
export interface Entry {
  /** `pods`, `inherited`, `workloads`: `.networkservicemesh.io` follows. */
  readonly entry: string
  readonly sends: boolean
  /** Selectors and match conditions that keep the object from the webhook. */
  readonly against: readonly string[]
  /** What the cluster does without an answer, `missing` when it has no such entry; absent when that is not known. */
  readonly installed?: string
}

/** The namespaces that the selectors of the manifest leave out. */
export const unselected: readonly string[] = ['kube-system', 'kube-public', 'kube-node-lease', 'nsm-system']

const workloads = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob']

const asks = ({ object }: Admitted) => {
  const annotations = annotationsOf(object)
  return [...annotationKeys, 'Ns.networkservicemesh.io'].some(key => annotations[key] !== undefined)
}

const asksForNothing = ({ object }: Admitted) =>
  annotationKeys.every(key => annotationsOf(object)[key] === undefined)

const isNoMirror = ({ object }: Admitted) =>
  annotationsOf(object)['kubernetes.io/config.mirror'] === undefined

/** The match conditions of each entry, under the names that the manifest gives them. */
export const conditions: Readonly<Record<string, Readonly<Record<string, (of: Admitted) => boolean>>>> = {
  pods: { 'asks-for-services': asks, 'no-mirror-pod': isNoMirror },
  inherited: {
    'asks-for-no-services-itself': asksForNothing,
    'is-not-switched-off': ({ object }) => annotationsOf(object)[injectAnnotation] !== 'false',
    'no-mirror-pod': isNoMirror,
  },
  workloads: {
    'asks-or-asked-for-services': asks,
    'made-by-no-controller': ({ object }) => controllerOf(object) === undefined,
    'is-not-being-deleted': ({ object }) => object.metadata?.deletionTimestamp === undefined,
  },
}

/** Which entries send an object to the webhook when it is made, by the selectors and conditions of our manifest. */
export function entriesFor(admitted: Admitted): readonly Entry[] {
  const { kind, namespace, namespaceLabels, object } = admitted
  const names = kind === 'Pod' ? ['pods', 'inherited'] : workloads.includes(kind) ? ['workloads'] : []
  return names.map(entry => {
    const against = [
      ...(unselected.includes(namespace) ? [`namespace ${namespace} is not selected`] : []),
      ...(object.metadata?.labels?.[partOfLabel] === 'nsm' ? [`label ${partOfLabel}=nsm`] : []),
      ...(entry === 'inherited' && namespaceLabels[inheritLabel] !== 'true'
        ? [`namespace ${namespace} has no label ${inheritLabel}=true`]
        : []),
      ...Object.entries(conditions[entry] ?? {}).flatMap(([name, holds]) => (holds(admitted) ? [] : [name])),
    ]
    return { entry, sends: against.length === 0, against }
  })
}
