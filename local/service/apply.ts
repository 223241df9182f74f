import type { LocalMesh } from '#local/mesh.ts'
import { isKnownKind } from '#local/objects/kinds.ts'
import { type MeshObject, show } from '#local/objects/object.ts'
import { parseManifests } from '#local/objects/parse-manifests.ts'
import { readObject } from '#local/objects/read-object.ts'
import { stagesOf } from '#local/objects/stages.ts'
import { NsmError } from '#sdk/errors.ts'
import type { ApplyRequest } from '#sdk/wire/gen/local/local_pb.ts'
import { applyObject } from './apply-object.ts'
import { finished, type Progress, type ProgressStream } from './progress.ts'
import { untilSettled, whyNot } from './until-settled.ts'

/** How long clients wait for the endpoints of the same manifests, in milliseconds. */
const headStart = 5000

/**
 * Creates or changes the objects of YAML files, as `kubectl apply`. All are read and checked before the first is
 * touched; the first that is refused ends it. Then waits as long as asked until all of them are ready.
 *
 * A caller who waits gets an order too: endpoints have a head start, so that clients find all of them there, are
 * spread evenly, and need no second attempt. Nothing depends on it.
 */
export async function* apply(mesh: LocalMesh, request: ApplyRequest, signal: AbortSignal): ProgressStream {
  const objects = parseManifests(request.manifests).map(readObject)
  const known = objects.filter(({ kind }) => isKnownKind(kind))
  const wait = { told: new Map<string, string>(), deadline: AbortSignal.timeout(request.waitMs), signal }
  yield* objects.filter(object => !isKnownKind(object.kind)).map(ignored)
  const stages = stagesOf(known)
  for (const [index, stage] of stages.entries()) {
    if (index > 0 && request.waitMs > 0) {
      const soon = AbortSignal.any([wait.deadline, AbortSignal.timeout(headStart)])
      yield* untilSettled(mesh, stages.slice(0, index).flat(), { ...wait, deadline: soon })
    }
    for (const object of stage) {
      try {
        yield* applyObject(mesh, object)
      } catch (thrown) {
        yield refused(object, thrown)
        return
      }
    }
  }
  const outcome = request.waitMs === 0 ? 'ready' : yield* untilSettled(mesh, known, wait)
  yield outcome === 'ready' ? finished : whyNot(mesh, known, outcome)
}

function ignored({ kind, metadata }: MeshObject): Progress {
  const text = `kind ${kind} means nothing to the local engine`
  return { object: show({ kind, name: metadata.name }), state: 'ignored', text }
}

function refused({ kind, metadata }: MeshObject, thrown: unknown): Progress {
  const error = NsmError.from(thrown)
  const object = show({ kind, name: metadata.name })
  return { object, state: 'refused', text: `${object}: ${error.message}`, done: true, errorCode: error.code }
}
