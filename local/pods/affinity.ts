import { isObject, type JsonObject } from '#kube/shape.ts'
import type { PodObject } from '#local/objects/object.ts'

/** A pod that is there, as far as placing others depends on it. */
export interface PlacedPod {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly node: string
}

/** The only topology that the nodes here have. */
const hostname = 'kubernetes.io/hostname'

/**
 * Whether a pod may run on a node, by what its `podAffinity` and `podAntiAffinity` require (the preferences count for
 * nothing; https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node). Affinity to pods that are nowhere
 * yet is no obstacle: a scheduler would wait for them, and the first of a group finds nobody either.
 */
export function mayRunOn(node: string, pod: PodObject, others: readonly PlacedPod[]): boolean {
  const affinity = fieldOf(pod.spec, 'affinity')
  const chosen = (term: JsonObject) => others.filter(other => isChosen(term, other, pod.metadata.namespace))
  return (
    termsOf(fieldOf(affinity, 'podAffinity')).every(term => {
      const near = chosen(term)
      return near.length === 0 || near.some(other => other.node === node)
    }) &&
    termsOf(fieldOf(affinity, 'podAntiAffinity')).every(term =>
      chosen(term).every(other => other.node !== node),
    )
  )
}

function termsOf(rules: unknown): readonly JsonObject[] {
  const terms = fieldOf(rules, 'requiredDuringSchedulingIgnoredDuringExecution')
  return (Array.isArray(terms) ? terms : []).filter(isObject).filter(term => term['topologyKey'] === hostname)
}

function isChosen(term: JsonObject, { namespace, labels }: PlacedPod, own: string): boolean {
  const listed = term['namespaces']
  const namespaces: readonly unknown[] = Array.isArray(listed) && listed.length > 0 ? listed : [own]
  const selector = term['labelSelector']
  // An absent selector chooses nothing, an empty one everything.
  if (!isObject(selector) || !namespaces.includes(namespace)) return false
  const wanted = Object.entries(isObject(selector['matchLabels']) ? selector['matchLabels'] : {})
  const expressions = selector['matchExpressions']
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    (Array.isArray(expressions) ? expressions : []).filter(isObject).every(each => holds(each, labels))
  )
}

function holds({ key, operator, values }: JsonObject, labels: Readonly<Record<string, string>>): boolean {
  const value = labels[typeof key === 'string' ? key : '']
  const listed: readonly unknown[] = Array.isArray(values) ? values : []
  switch (operator) {
    case 'In':
      return value !== undefined && listed.includes(value)
    case 'NotIn':
      return value === undefined || !listed.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    default:
      return false
  }
}

function fieldOf(holder: unknown, field: string): unknown {
  return isObject(holder) ? holder[field] : undefined
}
