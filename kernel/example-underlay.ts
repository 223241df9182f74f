import type { Kernel } from './port.ts'

/**
 * For tests: a network to other nodes, 192.0.2.0/24 and 2001:db8::/64, of which this node is 192.0.2.1, 192.0.2.3 and
 * 2001:db8::1. It stays: the namespace of the node is the test's own.
 */
export function addUnderlay(kernel: Kernel): void {
  using own = kernel.openOwn()
  if (own.link.get('underlay') !== undefined) return
  own.link.createBridge('underlay')
  const index = own.link.get('underlay')?.index ?? 0
  own.link.set(index, { admin: 'up' })
  for (const cidr of ['192.0.2.1/24', '192.0.2.3/24', '2001:db8::1/64']) own.addr.add(index, cidr)
}
