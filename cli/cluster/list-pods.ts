import type { MessageInitShape } from '@bufbuild/protobuf'
import { listAll } from '#cli/check/list-all.ts'
import type { KubeApi } from '#kube/api.ts'
import { annotationsOf } from '#kube/meta.ts'
import type { JsonObject } from '#kube/shape.ts'
import type { PodStatusSchema } from '#sdk/wire/gen/local/local_pb.ts'
import { socketResource, statusAnnotation } from '#webhook/names.ts'
import type { ClusterPod } from './cluster-pod.ts'
import { podStatus } from './pod-status.ts'

interface PodsQuestion {
  /** All when it is undefined. */
  readonly namespace: string | undefined
  readonly meshNamespace: string
  readonly signal: AbortSignal
}

/** The pods of the mesh: those that were injected or hold a socket, and those of its own programs. */
export async function listMeshPods(
  api: Pick<KubeApi, 'call'>,
  { namespace, meshNamespace, signal }: PodsQuestion,
): Promise<readonly MessageInitShape<typeof PodStatusSchema>[]> {
  const path = namespace === undefined ? '/api/v1/pods' : `/api/v1/namespaces/${namespace}/pods`
  const keep = (pod: JsonObject & ClusterPod) => pod.metadata?.namespace === meshNamespace || isOfMesh(pod)
  const pods: readonly (JsonObject & ClusterPod)[] = await listAll(api, { path, signal, keep })
  return pods.map(podStatus)
}

function isOfMesh(pod: ClusterPod): boolean {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
  return (
    annotationsOf(pod)[statusAnnotation] !== undefined ||
    containers.some(({ resources }) => resources?.limits?.[socketResource] !== undefined)
  )
}
