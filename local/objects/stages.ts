import { isObject, optionalObjectsAt } from '#kube/shape.ts'
import { programOfImage } from '#local/pods/image.ts'
import { creationRank } from './kinds.ts'
import type { MeshObject } from './object.ts'
import { podSpecOf } from './pod-spec.ts'

/**
 * In which order objects are created: what others read comes first, then the pods that offer network services, then
 * all other pods. As written within each; a stage without objects is left out.
 */
export function stagesOf(objects: readonly MeshObject[]): readonly (readonly MeshObject[])[] {
  const ranked = objects.toSorted((a, b) => creationRank(a.kind) - creationRank(b.kind))
  const isLate = (object: MeshObject) => podSpecOf(object) !== undefined && !offersService(object)
  return [ranked.filter(object => !isLate(object)), ranked.filter(isLate)].filter(stage => stage.length > 0)
}

function offersService(object: MeshObject): boolean {
  const spec = podSpecOf(object)
  const containers = isObject(spec) ? optionalObjectsAt(spec['containers'], 'containers') : []
  return containers.some(({ image }) => typeof image === 'string' && programOfImage(image) === 'sidecar-nse')
}
