import { listAll } from '#cli/check/list-all.ts'
import type { JsonObject } from '#kube/shape.ts'
import { type ErrorCode, NsmError } from '#sdk/errors.ts'
import { applyObject, fetchObject, type Target } from './apply.ts'
import { type Kind, pathIn } from './discovery.ts'
import { ownKinds, ownSelector } from './kinds.ts'
import { leavingForwarder } from './leave.ts'
import { forgetLostPods } from './lost-pods.ts'
import { isManifest, type Manifest, textAt } from './object.ts'
import { inOrder, isWebhook } from './order.ts'
import { beginRemoval, remove } from './remove.ts'
import { type Step, step } from './step.ts'
import { untilNobodyIsInjected } from './uninjecting.ts'
import { podsThatUse } from './users.ts'
import { isWorkload, waitForRollout } from './wait.ts'

const records = ['networkserviceendpoints', 'networkservicemanagers']

/** How to uninstall. */
export interface Uninstallation {
  readonly target: Target
  /** As it was installed, or may have been: which kinds of objects there are, and where. */
  readonly objects: readonly Manifest[]
  /** `lose` takes the links away from pods that still use the mesh. */
  readonly users: 'refuse' | 'lose'
  /** `skip` leaves links on nodes, where they stay until their pods end. */
  readonly nodes: 'clean' | 'skip'
  /** `delete` deletes the definitions, and with them the network services of all users. */
  readonly definitions: 'keep' | 'delete'
}

/**
 * Takes a mesh away: first the webhook, so that no pod waits for it; then the programs; then what they have made on each node;
 * then everything else. Each step may be repeated.
 *
 * Throws CONFLICT while pods use the mesh, before anything is changed, or with nothing but the webhook gone when a pod was made
 * meanwhile; DEADLINE when something is not gone in time.
 */
export async function* uninstall(options: Uninstallation): AsyncGenerator<Step> {
  const { target, objects } = options
  if (options.users === 'refuse') yield* refuseWhileUsed(target, 'before')
  yield* removeAll(target, objects.filter(isWebhook))
  if (options.users === 'refuse') {
    await untilNobodyIsInjected(target)
    yield* refuseWhileUsed(target, 'after')
  }
  const forwarder = objects.find(
    ({ kind, metadata }) => kind === 'DaemonSet' && metadata.name === 'nsm-forwarder',
  )
  const leaving =
    options.nodes === 'clean' && forwarder !== undefined ? await leaver(target, forwarder) : undefined
  if (options.nodes === 'skip') await dropLostNodes(target, objects.filter(isWorkload))
  // Managers first, for they would make again what forwarders lose.
  yield* removeAll(target, objects.filter(isWorkload).toReversed().toSorted(managersFirst))
  if (leaving !== undefined) yield* leaveNodes(target, leaving)
  for (const resource of records) yield* removeRecords(target, resource)
  const others = inOrder(objects)
    .toReversed()
    .flat()
    .filter(object => !isWorkload(object))
  yield* removeAll(
    target,
    others.filter(({ kind, metadata }) => !special.includes(kind) && metadata.namespace !== 'nsm-system'),
  )
  yield* removeLabelled(target)
  yield* removeAll(
    target,
    others.filter(({ kind }) => kind === 'Namespace'),
  )
  if (options.definitions === 'delete')
    yield* removeAll(
      target,
      others.filter(({ kind }) => kind === 'CustomResourceDefinition'),
    )
}

const special = ['Namespace', 'CustomResourceDefinition']

function managersFirst(one: Manifest, other: Manifest): number {
  const rank = ({ metadata }: Manifest) => (metadata.name === 'nsm-manager' ? 0 : 1)
  return rank(one) - rank(other)
}

/** Once their DaemonSets are ending, pods that are forgotten are not made anew. */
async function dropLostNodes(target: Target, workloads: readonly Manifest[]): Promise<void> {
  for (const workload of workloads)
    await beginRemoval(target, pathIn(await target.discovery(workload), workload))
  await forgetLostPods(target, workloads[0]?.metadata.namespace ?? 'nsm-system')
}

async function* refuseWhileUsed(target: Target, when: 'before' | 'after'): AsyncGenerator<Step> {
  const users = await podsThatUse(target)
  yield* users
  if (users.length === 0) return
  const who = users.length === 1 ? 'a pod uses' : `${users.length} pods use`
  const what =
    'delete them, or take their annotation away and roll out; or let them lose their links: nsm uninstall --force'
  throw new NsmError(
    'CONFLICT',
    when === 'before'
      ? `uninstall: ${who} the mesh; ${what}`
      : `uninstall: ${who} the mesh since a moment ago, when the webhook was being taken away; it is gone now, so no other pod will, and everything else is as it was: ${what}; nsm install brings the webhook back`,
  )
}

/** The forwarder as it is installed, told to leave; nothing when the mesh has no namespace any more. */
async function leaver(target: Target, forwarder: Manifest): Promise<Manifest | undefined> {
  const { namespace = '' } = forwarder.metadata
  if ((await fetchObject(target, `/api/v1/namespaces/${namespace}`)) === undefined) return undefined
  const kind = await target.discovery(forwarder)
  const started = await fetchObject(target, pathIn(kind, leavingForwarder(forwarder)))
  const live = started ?? (await fetchObject(target, pathIn(kind, forwarder)))
  return leavingForwarder(live !== undefined && isManifest(live) ? live : forwarder)
}

async function* leaveNodes(target: Target, leaving: Manifest): AsyncGenerator<Step> {
  await applyObject(target, leaving)
  yield* waitForRollout(target, leaving)
  yield* removeAll(target, [leaving])
}

async function* removeAll(target: Target, objects: readonly Manifest[]): AsyncGenerator<Step> {
  for (const object of objects) {
    const kind = await kindServed(target, object)
    if (kind !== undefined) yield* removeOne(target, pathIn(kind, object))
  }
}

/** Undefined for a kind that the cluster does not serve, of which there is nothing. An API server that is away is no such answer. */
async function kindServed({ discovery }: Target, object: Manifest): Promise<Kind | undefined> {
  try {
    return await discovery(object)
  } catch (thrown) {
    if (NsmError.from(thrown).code === 'UNSUPPORTED') return undefined
    throw thrown
  }
}

async function* removeOne(target: Target, path: string): AsyncGenerator<Step> {
  const [resource = '', name = ''] = path.split('/').slice(-2)
  yield step(`${resource}/${name}`, 'waiting')
  const result = await remove(target, path)
  yield step(
    `${resource}/${name}`,
    result === 'deleted' ? 'deleted' : 'unchanged',
    result === 'deleted' ? '' : 'there is none',
  )
}

/** What the programs have written about themselves: without them it is not true. Network services are their users'. */
async function* removeRecords(target: Target, resource: string): AsyncGenerator<Step> {
  const { api, signal } = target
  const root = '/apis/networkservicemesh.io/v1'
  const found = await listAll(api, { path: `${root}/${resource}`, signal }).catch(noneOf('NOT_FOUND'))
  for (const record of found) {
    const [namespace, name] = [textAt(record, 'metadata', 'namespace'), textAt(record, 'metadata', 'name')]
    yield* removeOne(target, `${root}/namespaces/${namespace}/${resource}/${name}`)
  }
}

/** What an installation of another version has left in the cluster as a whole; the rest goes with the namespace. */
async function* removeLabelled(target: Target): AsyncGenerator<Step> {
  for (const { root, resource } of ownKinds.filter(({ scope }) => scope === 'cluster')) {
    const path = `${root}/${resource}`
    const found = await listAll(target.api, { path: `${path}?${ownSelector}`, signal: target.signal }).catch(
      noneOf('NOT_FOUND'),
    )
    for (const object of found) yield* removeOne(target, `${path}/${textAt(object, 'metadata', 'name')}`)
  }
}

/** No objects, where that was the answer. */
function noneOf(code: ErrorCode): (thrown: unknown) => readonly JsonObject[] {
  return thrown => {
    if (NsmError.from(thrown).code !== code) throw thrown
    return []
  }
}
