import { resourcePath } from './resources.ts'
import { type Ask, isGone } from './writes.ts'

/** The record of a manager as it was seen. */
export interface SeenRecord {
  readonly namespace: string
  readonly name: string
  readonly resourceVersion: string
  readonly state: string
}

/** Says in the record of a dead manager that it is, unless the record has changed since it was seen. */
export async function markOffline(
  ask: Ask,
  { namespace, name, resourceVersion, state }: SeenRecord,
): Promise<void> {
  if (state === 'OFFLINE') return
  const path = resourcePath('networkservicemanagers', { namespace, name })
  try {
    const body = { metadata: { resourceVersion }, status: { state: 'OFFLINE' } }
    await ask({ method: 'PATCH', path, body })
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown
  }
}
