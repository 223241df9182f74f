import { networkInterfaces } from 'node:os'

/** What is looked at, and when; replaced in tests. */
export interface OccupiedOptions {
  readonly interfaces?: typeof networkInterfaces
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number
}

/** Milliseconds that a look at the interfaces is good for: with hundreds of them one look takes milliseconds. */
const goodFor = 10_000

/**
 * Tells which addresses of the pod must not be handed out, as single-address CIDRs: those on interfaces that were
 * there before this process, as long as they are there. After a crash they belong to connections that it does not
 * remember. The interface of the connection that asks does not count.
 */
export function occupiedSinceBefore({
  interfaces = networkInterfaces,
  now = () => performance.now(),
}: OccupiedOptions = {}): (interfaceName: string) => readonly string[] {
  let found = Object.entries(interfaces())
  let looked = now()
  const inherited = new Set(found.map(([name]) => name))
  return interfaceName => {
    if (now() - looked > goodFor) {
      found = Object.entries(interfaces()).filter(([name]) => inherited.has(name))
      looked = now()
    }
    return found
      .filter(([name]) => name !== interfaceName)
      .flatMap(([, addresses]) => addresses ?? [])
      .map(({ address, family }) => `${address}/${family === 'IPv6' ? 128 : 32}`)
  }
}
