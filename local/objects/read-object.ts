import { checkMeta } from '#kube/meta.ts'
import { readPod } from '#kube/pod.ts'
import { isObject, type JsonObject, optionalObjectAt, ShapeError } from '#kube/shape.ts'
import { isWorkloadKind, podTemplateOf, readWorkload } from '#kube/workload.ts'
import { NsmError } from '#sdk/errors.ts'
import { checkPodSpec } from './check-pod-spec.ts'
import { isNamespaced } from './kinds.ts'
import type { MeshObject } from './object.ts'
import type { WrittenObject } from './parse-manifests.ts'

/**
 * Checks a written object and gives it its namespace, by default `default`. Throws BAD_INPUT naming the file, the
 * object and what is wrong with it.
 */
export function readObject({ value, place }: WrittenObject): MeshObject {
  try {
    return checked(value)
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause
    throw new NsmError('BAD_INPUT', `${place}: ${cause.message}`, { cause })
  }
}

function checked(value: JsonObject): MeshObject {
  const { apiVersion, kind } = value
  if (typeof kind !== 'string' || kind === '') throw new ShapeError('the object has no kind')
  if (typeof apiVersion !== 'string' || apiVersion === '') throw new ShapeError(`${kind} has no apiVersion`)
  checkMeta(value, kind)
  const metadata = optionalObjectAt(value['metadata'], `${kind} /metadata`)
  const name = nameIn(metadata, kind)
  const namespace = isNamespaced(kind) ? namespaceIn(metadata) : ''
  checkPods(kind, value, `${kind} ${name}`)
  return { ...value, apiVersion, kind, metadata: { ...metadata, name, namespace } }
}

function nameIn(metadata: JsonObject, kind: string): string {
  const { name } = metadata
  if (name === undefined || name === null) throw new ShapeError(`${kind} has no metadata.name`)
  if (typeof name === 'string' && name.length <= 253 && /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(name))
    return name
  throw new ShapeError(
    `${kind}: metadata.name ${JSON.stringify(name)} is not a name: lower-case letters, digits, '-' and '.' in quotes are expected`,
  )
}

function namespaceIn({ namespace = 'default' }: JsonObject): string {
  if (typeof namespace === 'string') return namespace === '' ? 'default' : namespace
  throw new ShapeError(`metadata.namespace ${JSON.stringify(namespace)} is not text`)
}

function checkPods(kind: string, value: JsonObject, place: string): void {
  if (kind === 'Pod') {
    readPod(value)
    checkPodSpec(value['spec'], place)
  } else if (isWorkloadKind(kind)) {
    const template = podTemplateOf(kind, readWorkload(kind, value))
    checkPodSpec(template?.spec, `${place} template`)
  } else if (
    kind === 'NetworkService' &&
    value['spec'] !== undefined &&
    value['spec'] !== null &&
    !isObject(value['spec'])
  ) {
    throw new ShapeError(`${place} /spec is not an object`)
  }
}
