import type { Netns } from '#kernel/netns.ts'
import type { Kernel, Namespace } from '#kernel/port.ts'
import { NsmError } from '#sdk/errors.ts'

/** The network that joins the nodes: a bridge in the supervisor's namespace, a port per node. */
const bridge = 'underlay'

/** By which addresses the nodes reach each other. */
export type UnderlayFamily = 'ipv4' | 'ipv6'

/** What the network between the nodes is like. */
export interface UnderlayOptions {
  /** Bytes. */
  readonly mtu: number
}

/** The addresses of a node in the underlay; `index` counts from 1. */
export function nodeAddresses(index: number): Readonly<Record<UnderlayFamily, string>> {
  return { ipv4: `10.240.0.${index}`, ipv6: `fd00:240::${index.toString(16)}` }
}

/** Joins nodes by a bridge; each gets `eth0` with its addresses. */
export function joinNodes(kernel: Kernel, nodes: readonly Netns[], { mtu }: UnderlayOptions): void {
  using own = kernel.openOwn()
  own.link.createBridge(bridge)
  const master = indexOf(own, bridge)
  own.link.set(master, { admin: 'up' })
  for (const [offset, netns] of nodes.entries()) {
    using node = kernel.open(netns)
    const port = `node-${offset + 1}`
    own.link.createVeth({ name: port, mtu }, { name: 'eth0', mtu, namespace: node })
    own.link.set(indexOf(own, port), { master, alias: bridge, admin: 'up' })
    const eth0 = indexOf(node, 'eth0')
    const { ipv4, ipv6 } = nodeAddresses(offset + 1)
    node.addr.add(eth0, `${ipv4}/24`)
    node.addr.add(eth0, `${ipv6}/64`)
    // A link of ours without an alias is taken by the forwarders for one that was never finished.
    node.link.set(eth0, { alias: bridge, admin: 'up' })
  }
}

function indexOf(namespace: Namespace, name: string): number {
  const link = namespace.link.get(name)
  if (link === undefined) throw new NsmError('KERNEL', `interface ${name} is gone as soon as it was made`)
  return link.index
}
