import { isKernelError } from './errors.ts'
import type { NetnsName } from './link-plan.ts'
import { removeRules } from './policy.ts'
import type { Kernel } from './port.ts'
import { formatTag, roles } from './tag.ts'

/**
 * Removes the link of a cross connect and its rules, found by its tag in any of the namespaces; a link or a namespace
 * that is gone is success. Takes as long as the kernel waits for RCU (about 20 ms), not on the event loop.
 */
export async function remove(kernel: Kernel, id: string, ends: readonly NetnsName[]): Promise<void> {
  // One end after the other: the first takes the second with it.
  for (const end of ends) await removeIn(kernel, id, end)
}

async function removeIn(kernel: Kernel, id: string, end: NetnsName): Promise<void> {
  try {
    using namespace = kernel.open(end)
    const aliases = roles.map(role => formatTag({ id, role }))
    removeRules(namespace, aliases)
    for (const alias of aliases) {
      const link = namespace.link.tagged(alias)
      if (link !== undefined) await namespace.link.remove(link.index)
    }
  } catch (cause) {
    if (!isKernelError(cause, 'ENOENT')) throw cause
  }
}
