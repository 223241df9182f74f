import type { Netns } from '#kernel/netns.ts'
import type { Kernel, Namespace } from '#kernel/port.ts'
import { NsmError } from '#sdk/errors.ts'

/** Brings the loopback interface of a namespace up, as every pod and node expects it. */
export function bringLoopbackUp(kernel: Kernel, netns: Netns): void {
  using namespace = kernel.open(netns)
  loopbackUp(namespace)
}

/** Brings our own loopback interface up. */
export function bringOwnLoopbackUp(kernel: Kernel): void {
  using namespace = kernel.openOwn()
  loopbackUp(namespace)
}

function loopbackUp(namespace: Namespace): void {
  const lo = namespace.link.get('lo')
  if (lo === undefined)
    throw new NsmError('KERNEL', `network namespace ${namespace.netns.cookie} has no loopback interface`)
  namespace.link.set(lo.index, { admin: 'up' })
}
