import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { readNetworkService } from '#kube/network-service.ts'
import { admit } from '#local/admission/admit.ts'
import type { LocalMesh } from '#local/mesh.ts'
import { ignoredFields } from '#local/objects/ignored-fields.ts'
import { isControllerKind } from '#local/objects/kinds.ts'
import { type MeshObject, nameOf, type PodObject, show } from '#local/objects/object.ts'
import { podSpecOf } from '#local/objects/pod-spec.ts'
import { changeOf } from '#local/objects/store.ts'
import { NsmError } from '#sdk/errors.ts'
import { firstThatAnswers } from './first-that-answers.ts'
import { noteOnce, type ProgressStream } from './progress.ts'

/** Creates or changes one object. Throws NsmError when it is refused; then nothing was changed. */
export async function* applyObject(mesh: LocalMesh, written: MeshObject): ProgressStream {
  const object = show(nameOf(written))
  const before = mesh.store.get(nameOf(written))
  const podIsGone =
    written.kind === 'Pod' && mesh.pods.find(written.metadata.namespace, written.metadata.name) === undefined
  const change = podIsGone ? 'created' : changeOf(written, before?.written)
  const warnings =
    change === 'unchanged' ? [] : await put(mesh, written, podIsGone ? undefined : before?.object)
  yield { object, state: change }
  for (const text of warnings) yield { object, state: 'note', text }
  const ignored = ignoredFields(podSpecOf(written))
  if (ignored.length > 0) yield* noteOnce(mesh, object, `the local engine ignores ${ignored.join(', ')}`)
  mesh.changes.touch()
}

async function put(
  mesh: LocalMesh,
  written: MeshObject,
  before: MeshObject | undefined,
): Promise<readonly string[]> {
  const uid = before?.metadata.uid ?? randomUUID()
  const object = { ...written, metadata: { ...written.metadata, uid } }
  if (isPod(object)) return await putPod(mesh, written, { object, before })
  const { object: admitted, warnings } = isControllerKind(object.kind)
    ? await admit(object, mesh.review, before)
    : { object, warnings: [] }
  if (object.kind === 'NetworkService') {
    const service = readNetworkService(object)
    await firstThatAnswers(mesh.nodes, ({ admin }) => admin.applyNetworkService(service))
  }
  mesh.store.put({ written, object: admitted })
  return warnings
}

/** A pod's spec does not change while it lives, as in Kubernetes. */
async function putPod(
  mesh: LocalMesh,
  written: MeshObject,
  { object, before }: { readonly object: PodObject; readonly before: MeshObject | undefined },
): Promise<readonly string[]> {
  if (before !== undefined) {
    const last = mesh.store.get(nameOf(written))?.written
    if (isDeepStrictEqual(last?.spec, written.spec))
      throw new NsmError(
        'UNSUPPORTED',
        'labels and annotations of a running pod cannot be changed here; delete the pod and apply it again',
      )
    throw new NsmError(
      'BAD_INPUT',
      `the spec of a pod cannot be changed; delete it first: nsm delete pod ${written.metadata.name}`,
    )
  }
  const admitted = await admit(object, mesh.review)
  mesh.pods.add(admitted.object)
  mesh.store.put({ written, object: admitted.object })
  return admitted.warnings
}

function isPod(object: MeshObject): object is PodObject {
  return object.kind === 'Pod'
}
