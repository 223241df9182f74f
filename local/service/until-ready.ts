import type { LocalMesh } from '#local/mesh.ts'
import { isControllerKind } from '#local/objects/kinds.ts'
import { keyOf, type MeshObject, nameOf, show } from '#local/objects/object.ts'
import type { Pod } from '#local/pods/pod.ts'
import { NsmError } from '#sdk/errors.ts'
import { waitingText } from './pod-status.ts'
import { finished, type Progress, type ProgressStream } from './progress.ts'

/**
 * Tells what pods wait for, each time that it changes, until all the given objects are ready. Ends with DEADLINE and
 * what is still missing when the time is over, and with the reason when one of them will never be ready.
 */
export async function* untilReady(
  mesh: LocalMesh,
  objects: readonly MeshObject[],
  { ms, signal }: { readonly ms: number; readonly signal: AbortSignal },
): ProgressStream {
  const deadline = AbortSignal.timeout(ms)
  const told = new Map<string, string>()
  for (;;) {
    const version = mesh.changes.version
    const open = stillOpen(mesh, objects)
    yield* news(mesh, objects, told)
    const hopeless = podsOf(mesh, objects).find(pod => pod.phase === 'Failed')
    if (hopeless !== undefined)
      return yield failure(
        'BAD_INPUT',
        `pod/${hopeless.object.metadata.name} has failed: ${waitingText(hopeless)}`,
      )
    if (open.length === 0) return yield finished
    try {
      await mesh.changes.after(version, AbortSignal.any([deadline, signal]))
    } catch (cause) {
      if (signal.aborted) throw cause
      return yield failure(
        'DEADLINE',
        `not ready after ${ms / 1000} s: ${reasons(mesh, objects, open)}; the mesh goes on: nsm ps`,
      )
    }
  }
}

/** Throws what a controller was told when it could not make its pods. */
function stillOpen(mesh: LocalMesh, objects: readonly MeshObject[]): readonly MeshObject[] {
  return objects.filter(object => {
    const stored = mesh.store.get(nameOf(object))?.object
    if (stored === undefined) return false
    if (isControllerKind(object.kind)) return !mesh.controllers.isDone(stored)
    const pod =
      object.kind === 'Pod' ? mesh.pods.find(object.metadata.namespace, object.metadata.name) : undefined
    return pod !== undefined && !pod.isReady
  })
}

/** What has changed since it was told the last time. */
function* news(
  mesh: LocalMesh,
  objects: readonly MeshObject[],
  told: Map<string, string>,
): Generator<Progress> {
  for (const pod of podsOf(mesh, objects)) {
    const object = `pod/${pod.object.metadata.name}`
    const line = pod.isReady
      ? { object, state: 'ready', text: '' }
      : { object, state: 'waiting', text: waitingText(pod) }
    const key = `${line.state} ${line.text}`
    if (told.get(object) === key || pod.phase === 'Terminating') continue
    told.set(object, key)
    yield line
  }
}

function podsOf(mesh: LocalMesh, objects: readonly MeshObject[]): readonly Pod[] {
  const keys = new Set(objects.map(object => keyOf(nameOf(object))))
  return mesh.pods.list().filter(pod => keys.has(pod.owner?.key ?? keyOf(nameOf(pod.object))))
}

function reasons(mesh: LocalMesh, objects: readonly MeshObject[], open: readonly MeshObject[]): string {
  const pods = podsOf(mesh, objects).filter(pod => !pod.isReady)
  if (pods.length === 0) return open.map(object => show(nameOf(object))).join(', ')
  return pods.map(pod => `pod/${pod.object.metadata.name} ${waitingText(pod)}`).join('; ')
}

function failure(errorCode: NsmError['code'], text: string): Progress {
  return { object: 'mesh', state: 'failed', text, done: true, errorCode }
}
