import { listAll } from '#cli/check/list-all.ts'
import type { JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import { fetchObject, fieldManager, type Target } from './apply.ts'
import { leaverName, type OwnKind, ownKinds, ownSelector } from './kinds.ts'
import { listAt, type Manifest, textAt } from './object.ts'
import { beginRemoval, remove } from './remove.ts'
import { type Step, step } from './step.ts'

/**
 * Deletes what another version or overlay has installed and this one does not have, and does not wait until it is gone. Only what an
 * installation has made: a label of ours alone can be of a helper that somebody has added, or a copy. A set without the manager is a part
 * of a mesh, and tells nothing of the rest. What one may not list or delete stays, and is told.
 */
export async function* prune(target: Target, objects: readonly Manifest[]): AsyncGenerator<Step> {
  if (!objects.some(isManager)) return
  const wanted = new Set(
    ownKinds.flatMap(kind => objects.filter(isOf(kind)).map(object => nameIn(kind, object))),
  )
  const namespaces = [...new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))]
  const places = ownKinds.flatMap(kind =>
    kind.scope === 'cluster'
      ? [{ kind, path: `${kind.root}/${kind.resource}` }]
      : namespaces.map(name => ({ kind, path: `${kind.root}/namespaces/${name}/${kind.resource}` })),
  )
  const found = await Promise.all(places.map(async place => ({ place, ...(await look(target, place.path)) })))
  for (const { place, installed, refusal } of found) {
    const { kind, path } = place
    if (refusal !== undefined) yield step(kind.resource, 'ignored', refusal)
    for (const object of installed)
      if (!wanted.has(nameIn(kind, object))) yield await drop(target, { kind, path, object })
  }
}

/** Ends what an interrupted uninstallation has left on the nodes: it would take away what is installed now. */
export async function* endLeaving(target: Target, objects: readonly Manifest[]): AsyncGenerator<Step> {
  for (const { metadata } of objects.filter(isManager)) {
    const path = `/apis/apps/v1/namespaces/${metadata.namespace ?? 'default'}/daemonsets/${leaverName}`
    if ((await fetchObject(target, path)) !== undefined && (await remove(target, path)) === 'deleted')
      yield step(`daemonset/${leaverName}`, 'deleted', 'it is of an uninstallation that did not end')
  }
}

async function look({ api, signal }: Target, path: string) {
  try {
    const found = await listAll(api, { path: `${path}?${ownSelector}`, signal, keep: isInstalled })
    return { installed: found, refusal: undefined }
  } catch (thrown) {
    const { code, message } = NsmError.from(thrown)
    if (code === 'NOT_FOUND') return { installed: [], refusal: undefined }
    if (code !== 'DENIED') throw thrown
    return { installed: [], refusal: `what another version has left of them stays: ${message}` }
  }
}

interface Leftover {
  readonly kind: OwnKind
  /** Of the list that it is in. */
  readonly path: string
  readonly object: JsonObject
}

async function drop(target: Target, { kind, path, object }: Leftover): Promise<Step> {
  const name = textAt(object, 'metadata', 'name')
  const called = `${kind.kind.toLowerCase()}/${name}`
  if (target.mode === 'change') {
    // Not another one that was made under its name since it was looked at.
    const preconditions = { uid: textAt(object, 'metadata', 'uid') }
    try {
      await beginRemoval(target, `${path}/${name}`, { propagationPolicy: 'Background', preconditions })
    } catch (thrown) {
      const { code, message } = NsmError.from(thrown)
      if (code !== 'DENIED' && code !== 'CONFLICT') throw thrown
      return step(called, 'ignored', `it is not in this version, and stays: ${message}`)
    }
  }
  return step(called, 'deleted', 'it is not in this version')
}

function isManager({ kind, metadata }: Manifest): boolean {
  return kind === 'DaemonSet' && metadata.name === 'nsm-manager'
}

/** Whether `nsm install` has applied it. */
function isInstalled(object: JsonObject): boolean {
  return listAt(object, 'metadata', 'managedFields').some(
    ({ manager, operation }) => manager === fieldManager && operation === 'Apply',
  )
}

function isOf({ kind, group }: OwnKind): (object: Manifest) => boolean {
  return object => object.kind === kind && groupOf(object.apiVersion) === group
}

/** What belongs to the cluster may say a namespace in a file, which means nothing. */
function nameIn({ group, kind, scope }: OwnKind, object: JsonObject): string {
  const namespace = scope === 'cluster' ? '' : textAt(object, 'metadata', 'namespace')
  return [group, kind, namespace, textAt(object, 'metadata', 'name')].join('/')
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.replace(/\/.*/, '') : ''
}
