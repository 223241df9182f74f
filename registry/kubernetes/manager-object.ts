import type { JsonObject } from '#kube/shape.ts'
import { apiVersion } from './resources.ts'

/** A node as the owner of what its manager writes; undefined when it is not known to the API server. */
export interface NodeOwner {
  readonly name: string
  readonly uid: string
}

/** The record of a manager that runs. */
export function managerObject(
  { namespace, url, since }: { readonly namespace: string; readonly url: string; readonly since: Date },
  node: { readonly name: string; readonly owner: NodeOwner | undefined },
): JsonObject {
  return {
    apiVersion,
    kind: 'NetworkServiceManager',
    metadata: { name: node.name, namespace, ownerReferences: ownersOf(node.owner) },
    spec: { url, expirationtime: since.toISOString() },
    status: { state: 'RUNNING' },
  }
}

/** The Lease that a manager renews. */
export function leaseObject(
  { namespace, seconds, at }: { readonly namespace: string; readonly seconds: number; readonly at: Date },
  node: { readonly name: string; readonly owner: NodeOwner | undefined },
): JsonObject {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: leaseName(node.name),
      namespace,
      labels: { [leaseLabel]: 'true' },
      ownerReferences: ownersOf(node.owner),
    },
    spec: { holderIdentity: node.name, leaseDurationSeconds: seconds, renewTime: microTime(at) },
  }
}

/** What the Leases of managers have and others of the namespace have not. */
export const leaseLabel = 'networkservicemesh.io/manager'

const leasePrefix = 'nsm-'

/** The Lease of a node's manager. */
export function leaseName(node: string): string {
  return `${leasePrefix}${node}`
}

/** The node of a manager's Lease. */
export function nodeOfLease(name: string): string {
  return name.slice(leasePrefix.length)
}

/** As a MicroTime is written. */
export function microTime(at: Date): string {
  return at.toISOString().replace('Z', '000Z')
}

function ownersOf(owner: NodeOwner | undefined): readonly JsonObject[] {
  return owner === undefined ? [] : [{ apiVersion: 'v1', kind: 'Node', ...owner }]
}
