import { isKernelError } from '#kernel/errors.ts'
import type { Kernel } from '#kernel/port.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { endsOf, type KnownEnd } from './ends.ts'
import { withStates } from './states.ts'

/** How the kernel finds one end: with its interface, without it, or without its pod. */
type Sight = 'wired' | 'bare' | 'gone'

/**
 * The cross connect with the states that its ends have in the kernel now, or undefined when both pods are gone.
 *
 * | source   | destination | states                                                            |
 * |----------|-------------|-------------------------------------------------------------------|
 * | wired    | wired       | UP, UP                                                            |
 * | gone     | gone        | none                                                              |
 * | gone     | otherwise   | DOWN, UP: whose pod lives can be joined to another pod            |
 * | bare     | not gone    | DOWN, DOWN: the pair was deleted, and a pair has both ends or none |
 *
 * and the same with the sides exchanged. An interface that its pod has set down is wired: that is the pod's affair.
 * Throws KernelError.
 */
export function observe(kernel: Kernel, crossConnect: CrossConnect): CrossConnect | undefined {
  const sights = new Map(endsOf(crossConnect).map(end => [end.role, sightOf(kernel, end)]))
  const [source = 'gone', destination = 'gone'] = [sights.get('src'), sights.get('dst')]
  if (source === 'gone' && destination === 'gone') return undefined
  const deleted = source !== 'gone' && destination !== 'gone' && (source === 'bare' || destination === 'bare')
  const stateOf = (sight: Sight) => (deleted || sight === 'gone' ? State.DOWN : State.UP)
  return withStates(crossConnect, { source: stateOf(source), destination: stateOf(destination) })
}

function sightOf(kernel: Kernel, { netns, alias }: KnownEnd): Sight {
  try {
    using namespace = kernel.open(netns)
    // The kernel frees the id of a dead namespace before it tells of the death; when ours got that id meanwhile, the
    // late message took it for dead, and its events would stay away.
    kernel.follow(namespace)
    return namespace.link.tagged(alias) === undefined ? 'bare' : 'wired'
  } catch (cause) {
    if (isKernelError(cause, 'ENOENT')) return 'gone'
    throw cause
  }
}
