import { stringify } from 'yaml'
import type { LocalMesh } from '#local/mesh.ts'
import { kindCalled } from '#local/objects/kinds.ts'
import type { MeshObject } from '#local/objects/object.ts'
import { NsmError } from '#sdk/errors.ts'
import type { GetRequest } from '#sdk/wire/gen/local/local_pb.ts'

/** Objects of a kind as YAML, all or one; pods as the webhook left them. Throws NOT_FOUND. */
export async function get(
  mesh: LocalMesh,
  { kind, name, namespace }: GetRequest,
): Promise<{ objects: string[] }> {
  const wanted = kindCalled(kind)
  const all: readonly MeshObject[] =
    wanted === 'Pod' ? mesh.pods.list().map(({ object }) => object) : mesh.store.list()
  const found = all.filter(
    object =>
      object.kind === wanted &&
      inNamespace(object, namespace) &&
      (name === '' || object.metadata.name === name),
  )
  if (name !== '' && found.length === 0)
    throw new NsmError('NOT_FOUND', `no ${wanted.toLowerCase()} ${name} in namespace ${namespace}`)
  return { objects: found.map(object => stringify(object, { lineWidth: 120 })) }
}

function inNamespace({ metadata }: MeshObject, namespace: string): boolean {
  return namespace === '' || metadata.namespace === '' || metadata.namespace === namespace
}
