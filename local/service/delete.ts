import type { LocalMesh } from '#local/mesh.ts'
import { isControllerKind, isKnownKind, kindCalled } from '#local/objects/kinds.ts'
import { keyOf, nameOf, type ObjectName, show } from '#local/objects/object.ts'
import { parseManifests } from '#local/objects/parse-manifests.ts'
import { readObject } from '#local/objects/read-object.ts'
import type { Pod } from '#local/pods/pod.ts'
import { NsmError } from '#sdk/errors.ts'
import type { DeleteRequest } from '#sdk/wire/gen/local/local_pb.ts'
import { firstThatAnswers } from './first-that-answers.ts'
import { finished, type ProgressStream } from './progress.ts'

/** Deletes objects, by manifests or by name; each is told when nothing is left of it. Throws NOT_FOUND. */
export async function* remove(mesh: LocalMesh, request: DeleteRequest): ProgressStream {
  for (const name of namesIn(request)) {
    await removeObject(mesh, name)
    yield { object: show(name), state: 'deleted' }
  }
  yield finished
}

/** What was created last goes first. */
function namesIn({ manifests, kind, name, namespace }: DeleteRequest): readonly ObjectName[] {
  if (manifests.length === 0)
    return [{ kind: kindCalled(kind), name, namespace: namespace === '' ? 'default' : namespace }]
  const objects = parseManifests(manifests).map(readObject)
  return objects
    .filter(object => isKnownKind(object.kind))
    .map(nameOf)
    .toReversed()
}

async function removeObject(mesh: LocalMesh, name: ObjectName): Promise<void> {
  if (name.kind === 'Pod') return await removePod(mesh, name)
  const object = mesh.store.get(name)?.object
  if (object === undefined)
    throw new NsmError('NOT_FOUND', `${show(name)} does not exist in namespace ${name.namespace}`)
  if (name.kind === 'NetworkService') {
    const service = { namespace: name.namespace, networkService: { name: name.name } }
    await firstThatAnswers(mesh.nodes, ({ admin }) => admin.deleteNetworkService(service))
  }
  mesh.store.delete(name)
  if (isControllerKind(name.kind))
    await removeAll(
      mesh,
      mesh.pods.list().filter(pod => pod.owner?.key === keyOf(name)),
    )
  mesh.changes.touch()
}

async function removePod(mesh: LocalMesh, name: ObjectName): Promise<void> {
  const pod = mesh.pods.get(name.namespace, name.name)
  await mesh.pods.remove(pod)
  mesh.store.delete(name)
}

async function removeAll(mesh: LocalMesh, pods: readonly Pod[]): Promise<void> {
  await Promise.all(pods.map(pod => mesh.pods.remove(pod)))
}
