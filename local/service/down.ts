import type { LocalMesh } from '#local/mesh.ts'
import { isControllerKind } from '#local/objects/kinds.ts'
import { type MeshObject, nameOf } from '#local/objects/object.ts'
import { NsmError } from '#sdk/errors.ts'
import { finished, type Progress, type ProgressStream } from './progress.ts'

/** Takes the mesh down; `ended` is called when the pods are gone and the caller has been told. */
export async function* down(mesh: LocalMesh, ended: () => void): ProgressStream {
  try {
    yield* endPods(mesh)
    yield { object: `mesh/${mesh.name}`, state: 'deleted' }
    yield finished
  } finally {
    // After the last message is on its way.
    setImmediate(ended)
  }
}

/** Removes all pods, side by side; nothing makes new ones. */
export async function* endPods(mesh: LocalMesh): AsyncGenerator<Progress, void, void> {
  for (const object of mesh.store.list().filter(makesPods)) mesh.store.delete(nameOf(object))
  const ending = mesh.pods.list().map(async pod => {
    const object = `pod/${pod.object.metadata.name}`
    try {
      await mesh.pods.remove(pod)
      return { object, state: 'deleted' }
    } catch (thrown) {
      return { object, state: 'failed', text: NsmError.from(thrown).message }
    }
  })
  for (const end of ending) yield await end
}

function makesPods({ kind }: MeshObject): boolean {
  return isControllerKind(kind)
}
