import { randomUUID } from 'node:crypto'
import jsonPatch from 'fast-json-patch'
import { isObject } from '#kube/shape.ts'
import type { MeshObject } from '#local/objects/object.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Reviewer } from './reviewer.ts'

/** An object as the webhook wants it. */
export interface Admitted<T> {
  readonly object: T
  readonly warnings: readonly string[]
}

/**
 * Sends an object through the webhook: a CREATE, or an UPDATE when the old object is given. Throws BAD_ANNOTATION
 * with the webhook's own words when it refuses.
 */
export async function admit<T extends MeshObject>(
  object: T,
  review: Reviewer,
  old?: MeshObject,
): Promise<Admitted<T>> {
  const { name, namespace } = object.metadata
  const [group = '', version = ''] = object.apiVersion.includes('/')
    ? object.apiVersion.split('/')
    : ['', object.apiVersion]
  const response = await review({
    uid: randomUUID(),
    kind: { group, version, kind: object.kind },
    operation: old === undefined ? 'CREATE' : 'UPDATE',
    name,
    namespace,
    object,
    ...(old === undefined ? {} : { oldObject: old }),
  })
  if (!response.allowed)
    throw new NsmError(
      'BAD_ANNOTATION',
      response.status?.message ?? 'the webhook refused it without a reason',
    )
  return {
    object: response.patch === undefined ? object : patched(object, response.patch),
    warnings: response.warnings ?? [],
  }
}

function patched<T extends MeshObject>(object: T, encoded: string): T {
  const patch: unknown = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'))
  if (!Array.isArray(patch) || !patch.every(isOperation))
    throw new NsmError('INTERNAL', 'the webhook answered something that is no JSON Patch')
  return jsonPatch.applyPatch(structuredClone(object), patch, true).newDocument
}

function isOperation(value: unknown): value is jsonPatch.Operation {
  return isObject(value) && typeof value['op'] === 'string' && typeof value['path'] === 'string'
}
