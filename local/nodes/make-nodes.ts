import { join } from 'node:path'
import { createNetns, type Netns } from '#kernel/netns.ts'
import type { Kernel } from '#kernel/port.ts'
import { bringLoopbackUp } from './loopback.ts'
import { netnsFolder } from './places.ts'
import { joinNodes, nodeAddresses, type UnderlayFamily } from './underlay.ts'

/** How many nodes, and the network between them. */
export interface MakeNodesOptions {
  readonly nodes: number
  readonly underlay: UnderlayFamily
  /** Bytes. */
  readonly underlayMtu: number
}

/** The namespace of a node, before anything runs in it. */
export interface NodePlace {
  readonly name: string
  readonly netns: Netns
  /** By which the other nodes reach it; undefined when there are none. */
  readonly address: string | undefined
}

/** Makes the namespaces of the nodes, `node-1` and so on, and joins them when there are several. */
export function makeNodes(
  { nodes: count, underlay, underlayMtu: mtu }: MakeNodesOptions,
  kernel: Kernel,
): readonly NodePlace[] {
  const places = Array.from({ length: count }, (_, offset) => {
    const name = `node-${offset + 1}`
    const address = count > 1 ? nodeAddresses(offset + 1)[underlay] : undefined
    return { name, netns: createNetns(join(netnsFolder, name)), address }
  })
  for (const { netns } of places) bringLoopbackUp(kernel, netns)
  if (count > 1)
    joinNodes(
      kernel,
      places.map(({ netns }) => netns),
      { mtu },
    )
  return places
}
