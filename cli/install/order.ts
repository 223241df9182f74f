import type { Manifest } from './object.ts'

/** In which order kinds are applied; what is not listed comes with the programs. */
const order: readonly (readonly string[])[] = [
  ['CustomResourceDefinition'],
  ['Namespace'],
  ['ResourceQuota', 'NetworkPolicy'],
  ['ServiceAccount'],
  ['Role', 'ClusterRole', 'ValidatingAdmissionPolicy'],
  ['RoleBinding', 'ClusterRoleBinding', 'ValidatingAdmissionPolicyBinding'],
  ['Secret', 'ConfigMap'],
  ['Service', 'PodDisruptionBudget'],
  [],
  ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'],
]

const programs = order.findIndex(kinds => kinds.length === 0)

/** The objects in groups that are applied one after another: definitions, the namespace, rights, programs, and webhooks last. */
export function inOrder(objects: readonly Manifest[]): readonly (readonly Manifest[])[] {
  return order
    .map((_, rank) => objects.filter(({ kind }) => rankOf(kind) === rank))
    .filter(group => group.length > 0)
}

/** Whether API servers ask it about objects of others. */
export function isWebhook({ kind }: Pick<Manifest, 'kind'>): boolean {
  return order.at(-1)?.includes(kind) === true
}

function rankOf(kind: string): number {
  const rank = order.findIndex(kinds => kinds.includes(kind))
  return rank === -1 ? programs : rank
}
