import type { LocalMesh } from '#local/mesh.ts'
import { isControllerKind } from '#local/objects/kinds.ts'
import { keyOf, type MeshObject, nameOf, show } from '#local/objects/object.ts'
import type { Pod } from '#local/pods/pod.ts'
import type { NsmError } from '#sdk/errors.ts'
import { waitingText } from './pod-status.ts'
import type { Progress } from './progress.ts'

/** How waiting ended: all is ready, a pod has failed for good, or the time is over. */
export type Outcome = 'ready' | 'failed' | 'late'

/** How to wait. */
export interface WaitOptions {
  readonly deadline: AbortSignal
  /** The caller's; its abort is thrown. */
  readonly signal: AbortSignal
  /** What was told of each pod, so that it is not told again. */
  readonly told: Map<string, string>
}

/** Tells what the pods of these objects wait for, each time that it changes, until it is clear how it ends. */
export async function* untilSettled(
  mesh: LocalMesh,
  objects: readonly MeshObject[],
  { deadline, signal, told }: WaitOptions,
): AsyncGenerator<Progress, Outcome, void> {
  for (;;) {
    const version = mesh.changes.version
    const open = stillOpen(mesh, objects)
    yield* news(mesh, objects, told)
    if (failedPod(mesh, objects) !== undefined) return 'failed'
    if (open.length === 0) return 'ready'
    try {
      await mesh.changes.after(version, AbortSignal.any([deadline, signal]))
    } catch (cause) {
      if (signal.aborted) throw cause
      return 'late'
    }
  }
}

/** The last line of progress when not all is ready. */
export function whyNot(
  mesh: LocalMesh,
  objects: readonly MeshObject[],
  outcome: 'failed' | 'late',
): Progress {
  const failed = failedPod(mesh, objects)
  if (outcome === 'failed' && failed !== undefined) {
    return failure('BAD_INPUT', `pod/${failed.object.metadata.name} has failed: ${waitingText(failed)}`)
  }
  return failure('DEADLINE', `not ready in time: ${reasons(mesh, objects)}; the mesh goes on: nsm ps`)
}

function failedPod(mesh: LocalMesh, objects: readonly MeshObject[]): Pod | undefined {
  return podsOf(mesh, objects).find(pod => pod.phase === 'Failed')
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

function reasons(mesh: LocalMesh, objects: readonly MeshObject[]): string {
  const pods = podsOf(mesh, objects).filter(pod => !pod.isReady)
  if (pods.length > 0)
    return pods.map(pod => `pod/${pod.object.metadata.name} ${waitingText(pod)}`).join('; ')
  return stillOpen(mesh, objects)
    .map(object => show(nameOf(object)))
    .join(', ')
}

function failure(errorCode: NsmError['code'], text: string): Progress {
  return { object: 'mesh', state: 'failed', text, done: true, errorCode }
}
