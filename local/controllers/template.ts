import { randomUUID } from 'node:crypto'
import { isObject } from '#kube/shape.ts'
import { isWorkloadKind, podTemplateOf } from '#kube/workload.ts'
import type { MeshObject, PodObject, RunnablePodSpec } from '#local/objects/object.ts'
import { revisionOf } from './names.ts'

/** The revision of a workload: changes when its pod template does. */
export function templateRevision(workload: MeshObject): string {
  return revisionOf(isWorkloadKind(workload.kind) ? podTemplateOf(workload.kind, workload) : undefined)
}

/** How many pods a workload wants; Kubernetes' default is 1. */
export function replicasOf({ spec }: MeshObject): number {
  const replicas = isObject(spec) ? spec['replicas'] : undefined
  return typeof replicas === 'number' ? replicas : 1
}

/** A pod made from a workload's template, owned by the workload, not yet admitted. */
export function podFromTemplate(workload: MeshObject, name: string): PodObject {
  const template = isWorkloadKind(workload.kind) ? podTemplateOf(workload.kind, workload) : undefined
  const revision = templateRevision(workload)
  const { namespace } = workload.metadata
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...template?.metadata,
      name,
      namespace,
      uid: randomUUID(),
      labels: { ...template?.metadata?.labels, ...revisionLabel(workload.kind, revision) },
      ownerReferences: [ownerOf(workload, revision)],
    },
    // Checked when the workload was read; admission adds containers of the same shape.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    spec: template?.spec as RunnablePodSpec,
  }
}

function revisionLabel(kind: string, revision: string): Readonly<Record<string, string>> {
  return kind === 'Deployment' ? { 'pod-template-hash': revision } : { 'controller-revision-hash': revision }
}

/** A Deployment owns its pods through a ReplicaSet, which we name but do not keep. */
function ownerOf({ apiVersion, kind, metadata }: MeshObject, revision: string) {
  const owner =
    kind === 'Deployment'
      ? { kind: 'ReplicaSet', name: `${metadata.name}-${revision}` }
      : { kind, name: metadata.name }
  return { apiVersion, ...owner, uid: metadata.uid ?? '', controller: true }
}
