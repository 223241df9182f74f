import { setImmediate as turn } from 'node:timers/promises'
import { removeStrayRules } from '#kernel/policy.ts'
import { type Kernel, type Link, ourGroup } from '#kernel/port.ts'
import { parseTag } from '#kernel/tag.ts'

/**
 * Removes every link that a forwarder of this node has ever made, finished or not, and the rules that were theirs; gives the
 * number of ends. Throws KernelError.
 */
export async function removeAll(kernel: Kernel): Promise<number> {
  const removals: Promise<void>[] = []
  for (const next of kernel.followed()) {
    {
      using namespace = next
      const ours = namespace.link.list().filter(isOurs)
      removals.push(...ours.map(({ index }) => namespace.link.remove(index)))
    }
    await turn()
  }
  await Promise.all(removals)
  for (const next of kernel.followed()) {
    using namespace = next
    removeStrayRules(namespace, namespace.link.list())
  }
  return removals.length
}

function isOurs({ alias, group }: Link): boolean {
  return parseTag(alias) !== undefined || (alias === '' && group === ourGroup)
}
