import { isKernelError } from '#kernel/errors.ts'
import type { Kernel, Link, Namespace } from '#kernel/port.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import type { Present } from './cross-connects.ts'
import { endsOf, type KnownEnd } from './ends.ts'
import { withStates } from './states.ts'

/** How the kernel finds one end: as agreed, not so (why), without its pod, or not on this node. */
type Sight = 'wired' | 'gone' | 'elsewhere' | { readonly broken: string }

/**
 * The cross connect with the states that its ends have in the kernel now, or undefined when both pods are gone.
 *
 * | one end | the other         | their states                                                           |
 * |---------|-------------------|------------------------------------------------------------------------|
 * | wired   | wired, elsewhere  | UP, UP                                                                 |
 * | gone    | gone              | none                                                                   |
 * | gone    | wired, broken, elsewhere | DOWN, UP: whose pod lives can be joined to another pod           |
 * | broken  | not gone          | DOWN, DOWN: nothing passes, both pods live, and a Request mends it     |
 *
 * Broken is an interface that was deleted, set down or renamed: it was agreed to be there, up, with this name. What is
 * on another node, its own forwarder watches. Throws KernelError.
 */
export function observe(kernel: Kernel, crossConnect: CrossConnect): Present | undefined {
  const sights = new Map(endsOf(crossConnect).map(end => [end.role, sightOf(kernel, end)]))
  const [source = 'elsewhere', destination = 'elsewhere'] = [sights.get('src'), sights.get('dst')]
  if (source === 'gone' && destination === 'gone') return undefined
  if (source === 'gone' || destination === 'gone') {
    const stateOf = (sight: Sight) => (sight === 'gone' ? State.DOWN : State.UP)
    const states = { source: stateOf(source), destination: stateOf(destination) }
    const whose = source === 'gone' ? 'client' : 'endpoint'
    return { crossConnect: withStates(crossConnect, states), reason: `the pod of its ${whose} is gone` }
  }
  const broken = [source, destination].flatMap(sight => (typeof sight === 'string' ? [] : [sight.broken]))
  const both = broken.length === 0 ? State.UP : State.DOWN
  return {
    crossConnect: withStates(crossConnect, { source: both, destination: both }),
    ...(broken.length === 0 ? {} : { reason: broken.join('; ') }),
  }
}

/** Why a link is not as agreed, in words; undefined when it is. */
export function flawOf({ name, admin }: Pick<Link, 'name' | 'admin'>, agreed: string): string | undefined {
  if (name !== agreed) return `interface ${agreed} had been renamed to ${name}`
  return admin === 'down' ? `interface ${name} had been set down` : undefined
}

function sightOf(kernel: Kernel, end: KnownEnd): Sight {
  try {
    using namespace = kernel.open(end.netns)
    // The kernel frees the id of a dead namespace before it tells of the death; when ours got that id meanwhile, the
    // late message took it for dead, and its events would stay away.
    kernel.follow(namespace)
    const link = linkOf(namespace, end)
    if (link === undefined) return { broken: `interface ${end.name} had been deleted` }
    const flaw = flawOf(link, end.name)
    return flaw === undefined ? 'wired' : { broken: flaw }
  } catch (cause) {
    if (isKernelError(cause, 'ENOENT')) return 'gone'
    throw cause
  }
}

/** By its name at first: a pod may have hundreds of interfaces, and few of them are renamed. */
function linkOf({ link }: Namespace, { name, alias }: KnownEnd): Link | undefined {
  const named = link.get(name)
  return named?.alias === alias ? named : link.tagged(alias)
}
