import { KernelError } from './errors.ts'
import { type Link, type Origin, ourGroup } from './port.ts'

/** A route that has the prefix of a wanted one, in the same table. */
export interface Rival {
  readonly origin: Origin
  /** The link that it leaves by; absent when it leaves by none, or by several. */
  readonly link?: Link | undefined
}

/**
 * Decides whether a route may stand by behind others of its prefix: only behind those of other links of ours, made by us or
 * derived by the kernel from an address of ours. Throws KernelError EEXIST naming the interface in the way.
 */
export function refuseStrangers(rivals: readonly Rival[], index: number, doing: string): void {
  const stranger = rivals.find(rival => rival.link?.index === index || !isOurs(rival))
  if (stranger === undefined) return
  const name = stranger.link?.name
  const holder = name === undefined ? 'another route of the pod' : `interface ${name}`
  throw new KernelError(
    `${doing}: ${holder} has that prefix already, and it is not ours to replace; ask for another prefix or for a policy route`,
    { errno: EEXIST, syscall: 'RTM_NEWROUTE' },
  )
}

function isOurs({ origin, link }: Rival): boolean {
  return origin === 'ours' || (origin === 'kernel' && link?.group === ourGroup)
}

const EEXIST = 17
