import { applyObject, type Target } from './apply.ts'
import { withBundle } from './bundle.ts'
import { called, type Manifest } from './object.ts'
import { inOrder, isWebhook } from './order.ts'
import { checkOthers, checkRights } from './preflight.ts'
import { endLeaving, prune } from './prune.ts'
import { type Step, step } from './step.ts'
import { isWorkload, waitForDefinition, waitForRollout, waitForWebhook } from './wait.ts'
import { waitForSockets } from './wait-sockets.ts'

/** How to install. */
export interface Installation {
  readonly target: Target
  readonly objects: readonly Manifest[]
  /** `none` applies everything at once. */
  readonly wait: 'all' | 'none'
  /** `take over` installs over the definitions and the webhook of another mesh. */
  readonly others: 'refuse' | 'take over'
  /** What becomes of objects of another version that this one does not have. */
  readonly leftovers: 'delete' | 'keep'
}

/**
 * Installs a mesh, or brings one up to date. Definitions come first, then the namespace, rights and programs; API servers
 * ask the webhook only once it serves, so a mesh that does not start harms nobody. What another version has installed and this
 * one does not have goes last.
 *
 * Throws DENIED, CONFLICT and UNSUPPORTED before anything is changed, DEADLINE when a program is not ready in time.
 */
export async function* install(options: Installation): AsyncGenerator<Step> {
  const { target, objects, wait, others, leftovers } = options
  await checkRights(target, objects)
  if (others === 'refuse') await checkOthers(target, objects)
  if (target.mode === 'change') yield* endLeaving(target, objects)
  for (const group of inOrder(objects)) {
    const isWebhooks = group.some(isWebhook)
    if (isWebhooks && wait === 'all') yield* untilWebhooksServe(target, objects)
    for (const object of group) {
      const whole = isWebhooks ? await withBundle(target, object) : object
      yield step(called(object), await applyObject(target, whole))
    }
    if (target.mode === 'dry run') continue
    for (const object of group)
      if (object.kind === 'CustomResourceDefinition') await waitForDefinition(target, object)
  }
  if (wait === 'all')
    for (const object of objects) if (isWorkload(object)) yield* waitForRollout(target, object)
  // The programs of another version need its rights for as long as they run.
  if (leftovers === 'delete') yield* prune(target, objects)
  if (
    wait === 'all' &&
    objects.some(({ kind, metadata }) => kind === 'DaemonSet' && metadata.name === 'nsm-manager')
  )
    yield* waitForSockets(target)
}

async function* untilWebhooksServe(target: Target, objects: readonly Manifest[]): AsyncGenerator<Step> {
  for (const object of objects)
    if (object.kind === 'Deployment' && object.metadata.name === 'nsm-webhook')
      yield* waitForWebhook(target, object)
}
