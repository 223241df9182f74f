import { isObject } from '#kube/shape.ts'
import type { MeshObject } from '#local/objects/object.ts'
import { randomSuffix } from './names.ts'
import { type Plan, planDaemonSet, planDeployment, planStatefulSet, type Replica } from './plan.ts'
import { replicasOf, templateRevision } from './template.ts'

/** What is to be done for a workload. */
export function planWorkload(
  workload: MeshObject,
  replicas: readonly Replica[],
  nodes: readonly string[],
): Plan {
  const wanted = {
    name: workload.metadata.name,
    revision: templateRevision(workload),
    replicas: replicasOf(workload),
  }
  const spec = isObject(workload.spec) ? workload.spec : {}
  switch (workload.kind) {
    case 'Deployment':
      return planDeployment(
        { ...wanted, recreate: isObject(spec['strategy']) && spec['strategy']['type'] === 'Recreate' },
        replicas,
        randomSuffix,
      )
    case 'StatefulSet':
      return planStatefulSet({ ...wanted, parallel: spec['podManagementPolicy'] === 'Parallel' }, replicas)
    case 'DaemonSet':
      return planDaemonSet({ ...wanted, nodes }, replicas, randomSuffix)
    default:
      return { create: [], remove: [], done: true }
  }
}
