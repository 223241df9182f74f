import { isKernelError } from './errors.ts'
import type { NetnsName } from './link-plan.ts'
import { removeRules } from './policy.ts'
import type { Kernel, Link, Namespace } from './port.ts'
import { formatTag, roles } from './tag.ts'

/** Where a link is removed from. */
export interface RemovalEnd extends NetnsName {
  /** The name that its interface had: where to look first. An endpoint's pod may have hundreds of interfaces. */
  readonly interfaceHint?: string
}

/**
 * Removes the link of a cross connect and its rules, found by its tag in any of the namespaces; a link or a namespace
 * that is gone is success. Takes as long as the kernel waits for RCU (about 20 ms), not on the event loop.
 */
export async function remove(kernel: Kernel, id: string, ends: readonly RemovalEnd[]): Promise<void> {
  const aliases = roles.map(role => formatTag({ id, role }))
  let search: Search = 'everywhere'
  // One end after the other: the first takes the second with it.
  for (const end of ends) {
    const links = removeIn(kernel, end, { aliases, search })
    await Promise.all(links.map(({ removed }) => removed))
    // What is left of a pair has the name that it was given, or the kernel would have told of two pairs of one tag.
    if (links.some(({ link }) => link.peer !== undefined)) search = 'by the hint'
  }
}

type Search = 'everywhere' | 'by the hint'

interface Wanted {
  readonly aliases: readonly string[]
  readonly search: Search
}

interface Removal {
  readonly link: Link
  readonly removed: Promise<void>
}

/** Begins to remove; the namespace is not held meanwhile. */
function removeIn(kernel: Kernel, end: RemovalEnd, wanted: Wanted): readonly Removal[] {
  try {
    using namespace = kernel.open(end)
    removeRules(namespace, wanted.aliases)
    return find(namespace, end, wanted).map(link => ({ link, removed: namespace.link.remove(link.index) }))
  } catch (cause) {
    if (isKernelError(cause, 'ENOENT')) return []
    throw cause
  }
}

function find(
  { link }: Namespace,
  { interfaceHint }: RemovalEnd,
  { aliases, search }: Wanted,
): readonly Link[] {
  const hinted = interfaceHint === undefined ? undefined : link.get(interfaceHint)
  if (hinted !== undefined && aliases.includes(hinted.alias)) return [hinted]
  if (search === 'by the hint' && interfaceHint !== undefined) return []
  return aliases.flatMap(alias => link.tagged(alias) ?? [])
}
