import type { Kind } from './discovery.ts'

/** A kind of object, where it is served and what it is called in a manifest. */
export type OwnKind = Kind & { readonly kind: string }

/** The label of everything that is ours. */
export const partOf = { key: 'app.kubernetes.io/part-of', value: 'nsm' } as const

/** Selects what is ours, as a query of a list. */
export const ownSelector = `labelSelector=${encodeURIComponent(`${partOf.key}=${partOf.value}`)}`

/** The DaemonSet that takes the mesh away from the nodes when it is uninstalled. */
export const leaverName = 'nsm-leave'

/**
 * The kinds that the mesh has had in any version and that may be deleted with nothing lost, in the order in which they are:
 * who is asked before who answers, rights after those who have them. Not among them are the namespace and definitions, with which
 * users' objects would go, and what programs write: Secrets, ConfigMaps, Leases.
 */
export const ownKinds: readonly OwnKind[] = [
  cluster('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration'),
  cluster('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'),
  namespaced('apps/v1', 'DaemonSet'),
  namespaced('apps/v1', 'Deployment'),
  namespaced('policy/v1', 'PodDisruptionBudget'),
  namespaced('v1', 'Service'),
  cluster('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicyBinding'),
  cluster('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy', 'validatingadmissionpolicies'),
  namespaced('rbac.authorization.k8s.io/v1', 'RoleBinding'),
  cluster('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'),
  namespaced('rbac.authorization.k8s.io/v1', 'Role'),
  cluster('rbac.authorization.k8s.io/v1', 'ClusterRole'),
  namespaced('v1', 'ServiceAccount'),
  namespaced('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  namespaced('v1', 'ResourceQuota'),
]

function cluster(apiVersion: string, kind: string, resource?: string): OwnKind {
  return { ...served(apiVersion, kind, resource), scope: 'cluster' }
}

function namespaced(apiVersion: string, kind: string, resource?: string): OwnKind {
  return { ...served(apiVersion, kind, resource), scope: 'namespace' }
}

function served(apiVersion: string, kind: string, resource = `${kind.toLowerCase()}s`) {
  const [group = '', version] = apiVersion.split('/')
  return version === undefined
    ? { kind, resource, group: '', root: `/api/${apiVersion}` }
    : { kind, resource, group, root: `/apis/${apiVersion}` }
}
