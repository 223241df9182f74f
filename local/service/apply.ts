import type { LocalMesh } from '#local/mesh.ts'
import { creationRank, isKnownKind } from '#local/objects/kinds.ts'
import { type MeshObject, show } from '#local/objects/object.ts'
import { parseManifests } from '#local/objects/parse-manifests.ts'
import { readObject } from '#local/objects/read-object.ts'
import { NsmError } from '#sdk/errors.ts'
import type { ApplyRequest } from '#sdk/wire/gen/local/local_pb.ts'
import { applyObject } from './apply-object.ts'
import { finished, type ProgressStream } from './progress.ts'
import { untilReady } from './until-ready.ts'

/**
 * Creates or changes the objects of YAML files, as `kubectl apply`. All are read and checked before the first is
 * touched; the first that is refused ends it. Then waits as long as asked until all of them are ready.
 */
export async function* apply(mesh: LocalMesh, request: ApplyRequest, signal: AbortSignal): ProgressStream {
  const objects = parseManifests(request.manifests).map(readObject)
  const known = objects
    .filter(({ kind }) => isKnownKind(kind))
    .toSorted((a, b) => creationRank(a.kind) - creationRank(b.kind))
  for (const { kind, metadata } of objects.filter(object => !isKnownKind(object.kind))) {
    yield {
      object: show({ kind, name: metadata.name }),
      state: 'ignored',
      text: `kind ${kind} means nothing to the local engine`,
    }
  }
  for (const object of known) {
    try {
      yield* applyObject(mesh, object)
    } catch (thrown) {
      yield* refused(object, thrown)
      return
    }
  }
  if (request.waitMs > 0) yield* untilReady(mesh, known, { ms: request.waitMs, signal })
  else yield finished
}

function* refused(object: MeshObject, thrown: unknown) {
  const error = NsmError.from(thrown)
  const name = show({ kind: object.kind, name: object.metadata.name })
  yield {
    object: name,
    state: 'refused',
    text: `${name}: ${error.message}`,
    done: true,
    errorCode: error.code,
  }
}
