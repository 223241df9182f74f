import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { pause } from '#sdk/workspace/pause.ts'
import { leaseName, leaseObject, microTime, type NodeOwner } from './manager-object.ts'
import { leasePath } from './resources.ts'
import { type Ask, applyCall } from './writes.ts'

/** What renewing a Lease depends on. */
export interface RenewLeaseOptions {
  readonly ask: Ask
  readonly node: string
  readonly namespace: string
  readonly renewMs: number
  /** How many renewals may be missing. */
  readonly missedRenewals: number
  readonly owner: () => Promise<NodeOwner | undefined>
  readonly signal: AbortSignal
  readonly log: Log
}

/** Renews the Lease of this node's manager until the signal aborts; one that is not there is made. Never fails. */
export async function renewLease(options: RenewLeaseOptions): Promise<void> {
  const { renewMs, signal, log } = options
  let failed = false
  while (!signal.aborted) {
    try {
      await renew(options)
      failed = false
      await pause(renewMs, signal)
    } catch (thrown) {
      if (!failed && !signal.aborted)
        log.warn({ reason: NsmError.from(thrown).message }, 'the Lease of this manager cannot be renewed')
      failed = true
      await pause(renewMs / 4, signal)
    }
  }
}

async function renew({
  ask,
  node,
  namespace,
  renewMs,
  missedRenewals,
  owner,
}: RenewLeaseOptions): Promise<void> {
  const path = leasePath(namespace, leaseName(node))
  const at = new Date()
  try {
    await ask({ method: 'PATCH', path, body: { spec: { renewTime: microTime(at) } } })
  } catch (thrown) {
    if (NsmError.from(thrown).code !== 'NOT_FOUND') throw thrown
    const seconds = Math.max(1, Math.round((renewMs * missedRenewals) / 1000))
    await ask(applyCall(path, leaseObject({ namespace, seconds, at }, { name: node, owner: await owner() })))
  }
}
