import type { Netns } from '#kernel/netns.ts'
import type { Kernel, Namespace } from '#kernel/port.ts'
import { NsmError } from '#sdk/errors.ts'

/** The network that joins the nodes: a bridge in the supervisor's namespace, a port per node. */
const bridge = 'underlay'

/** The address of a node in the underlay; `index` counts from 1. */
export function nodeAddress(index: number): string {
  return `10.240.0.${index}`
}

/** Joins nodes by a bridge; each gets `eth0` with its address. */
export function joinNodes(kernel: Kernel, nodes: readonly Netns[]): void {
  using own = kernel.openOwn()
  own.link.createBridge(bridge)
  const master = indexOf(own, bridge)
  own.link.set(master, { admin: 'up' })
  for (const [offset, netns] of nodes.entries()) {
    using node = kernel.open(netns)
    const port = `node-${offset + 1}`
    own.link.createVeth({ name: port }, { name: 'eth0', namespace: node })
    own.link.set(indexOf(own, port), { master, admin: 'up' })
    const eth0 = indexOf(node, 'eth0')
    node.addr.add(eth0, `${nodeAddress(offset + 1)}/24`)
    node.link.set(eth0, { admin: 'up' })
  }
}

function indexOf(namespace: Namespace, name: string): number {
  const link = namespace.link.get(name)
  if (link === undefined) throw new NsmError('KERNEL', `interface ${name} is gone as soon as it was made`)
  return link.index
}
