import { podTemplateOf } from '#kube/workload.ts'
import { isControllerKind } from './kinds.ts'
import type { MeshObject } from './object.ts'

/** The spec of a pod, or of the pods that a workload makes; undefined for any other object. */
export function podSpecOf(object: MeshObject): unknown {
  if (object.kind === 'Pod') return object.spec
  return isControllerKind(object.kind) ? podTemplateOf(object.kind, object)?.spec : undefined
}
