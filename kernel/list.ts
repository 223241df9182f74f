import { isKernelError } from './errors.ts'
import type { NetnsName } from './link-plan.ts'
import type { Address, Kernel, Link, Namespace, Route } from './port.ts'
import { parseTag, type Tag } from './tag.ts'

/** One end of ours as it is in the kernel, which is the forwarder's only state. */
export interface TaggedEnd extends Tag {
  /** As asked for. */
  readonly netns: NetnsName
  /** With counters. */
  readonly link: Link
  readonly addresses: readonly Address[]
  readonly routes: readonly Route[]
}

/**
 * All ends of ours in some namespaces, followed from now on where there are any; a namespace that is gone has none.
 * Throws KernelError.
 */
export function list(kernel: Kernel, netns: readonly NetnsName[]): readonly TaggedEnd[] {
  return netns.flatMap(name => listIn(kernel, name))
}

function listIn(kernel: Kernel, netns: NetnsName): readonly TaggedEnd[] {
  try {
    using namespace = kernel.open(netns)
    const ends = namespace.link.list().flatMap(link => endOf(namespace, link))
    if (ends.length > 0) kernel.follow(namespace)
    return ends.map(end => ({ netns, ...end }))
  } catch (cause) {
    if (isKernelError(cause, 'ENOENT')) return []
    throw cause
  }
}

function endOf({ addr, route }: Namespace, link: Link): readonly Omit<TaggedEnd, 'netns'>[] {
  const tag = parseTag(link.alias)
  if (tag === undefined) return []
  return [{ ...tag, link, addresses: addr.list(link.index), routes: route.list(link.index) }]
}
