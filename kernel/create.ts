import { converge, type Done, doneInWords, type End } from './end.ts'
import { KernelError } from './errors.ts'
import type { EndPlan } from './link-plan.ts'
import type { Link, VethEnd } from './port.ts'
import { undone } from './undo.ts'

/**
 * Creates a veth pair with an end in each namespace and gives each what its plan wants; returns what was done, in
 * words. Throws what the kernel refused, after removing the pair again.
 *
 * The ends get their names at birth: a rename costs the kernel 0.15 ms. Should we die before they are tagged, their
 * group tells the next life that they are ours.
 */
export async function createPair([source, destination]: readonly [End, End]): Promise<readonly string[]> {
  const { namespace } = destination
  source.namespace.link.createVeth(born(source.plan), { ...born(destination.plan), namespace })
  const link = bornLink(source)
  try {
    const done: Done[] = []
    configure(source, link, done)
    configure(destination, bornLink(destination), done)
    return ['veth add', ...done.map(doneInWords)]
  } catch (cause) {
    throw await undone(cause, () => source.namespace.link.remove(link.index))
  }
}

function born({ name, mtu, mac }: EndPlan): VethEnd {
  return { name, ...(mtu === undefined ? {} : { mtu }), ...(mac === undefined ? {} : { mac }) }
}

function bornLink({ plan, namespace }: End): Link {
  const link = namespace.link.get(plan.name)
  if (link !== undefined) return link
  const doing = `wiring network namespace ${namespace.netns.cookie}: the new interface ${plan.name} vanished`
  throw new KernelError(doing, { errno: ENODEV, syscall: 'RTM_GETLINK' })
}

/** A new end has nothing yet, so the kernel need not be asked what. */
function configure(end: End, link: Link, done: Done[]): void {
  end.namespace.link.refuseAdvertisements(link.name)
  converge(end, { link, addresses: [], routes: [], neighbours: [] }, done)
}

const ENODEV = 19
