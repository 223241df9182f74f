import { randomBytes } from 'node:crypto'
import { converge, type Done, doneInWords, type End } from './end.ts'
import { KernelError } from './errors.ts'
import type { EndPlan } from './link-plan.ts'
import type { Link, VethEnd } from './port.ts'
import { undone } from './undo.ts'

/**
 * Creates a veth pair with an end in each namespace and gives each what its plan wants; returns what was done, in
 * words. Born under temporary names, so that no pod sees the interface before its addresses are there.
 * Throws what the kernel refused after removing the pair again.
 */
export async function createPair([source, destination]: readonly [End, End]): Promise<readonly string[]> {
  const unique = randomBytes(5).toString('hex')
  const names = [`nsm-${unique}a`, `nsm-${unique}b`] as const
  const { namespace } = destination
  source.namespace.link.createVeth(born(names[0], source.plan), {
    ...born(names[1], destination.plan),
    namespace,
  })
  const link = bornLink(source, names[0])
  try {
    const done: Done[] = []
    configure(source, link, done)
    configure(destination, bornLink(destination, names[1]), done)
    return ['veth add', ...done.map(doneInWords)]
  } catch (cause) {
    throw await undone(cause, () => source.namespace.link.remove(link.index))
  }
}

function born(name: string, { mtu, mac }: EndPlan): VethEnd {
  return { name, ...(mtu === undefined ? {} : { mtu }), ...(mac === undefined ? {} : { mac }) }
}

function bornLink({ namespace }: End, name: string): Link {
  const link = namespace.link.get(name)
  if (link !== undefined) return link
  const doing = `wiring network namespace ${namespace.netns.cookie}: the new interface ${name} vanished`
  throw new KernelError(doing, { errno: ENODEV, syscall: 'RTM_GETLINK' })
}

/** A new end has nothing yet, so the kernel need not be asked what. */
function configure(end: End, link: Link, done: Done[]): void {
  end.namespace.link.refuseAdvertisements(link.name)
  converge(end, { link, addresses: [], routes: [], neighbours: [] }, done)
}

const ENODEV = 19
