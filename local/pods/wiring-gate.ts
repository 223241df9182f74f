import type { Wiring } from '#local/nodes/wired-pods.ts'
import type { ContainerSpec } from '#local/objects/object.ts'
import { parseServiceRefs } from '#sdk/service-ref.ts'
import { programOfImage } from './image.ts'

/**
 * Whether a running container is ready. A side-car of ours is when it has done what it is for: an endpoint is
 * registered, a client is connected to each of its services. Any other container is at once.
 */
export function isWired(container: ContainerSpec, uid: string, wiring: Wiring): boolean {
  const program = programOfImage(container.image)
  if (program === 'sidecar-nse') return wiring.endpoints(uid) > 0
  if (program === 'sidecar-nsc') return wiring.connections(uid) >= serviceCount(container)
  return true
}

function serviceCount({ env }: ContainerSpec): number {
  const text = (env ?? []).find(({ name }) => name === 'NS_NETWORKSERVICEMESH_IO')?.value ?? ''
  try {
    return Math.max(1, parseServiceRefs(text).length)
  } catch {
    // The side-car says itself what is wrong with it.
    return 1
  }
}
