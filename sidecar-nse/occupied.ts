import { networkInterfaces } from 'node:os'

/**
 * The addresses on the pod's interfaces, except on the named one, as single-address CIDRs. They must not be handed
 * out again: after a crash of the side-car they belong to connections that it does not remember.
 */
export function occupiedBeside(interfaceName: string): readonly string[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => name !== interfaceName)
    .flatMap(([, addresses]) => addresses ?? [])
    .map(({ address, family }) => `${address}/${family === 'IPv6' ? 128 : 32}`)
}
