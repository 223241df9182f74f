import { createPair } from './create.ts'
import {
  converge,
  type Done,
  doneInWords,
  type End,
  find,
  findByName,
  look,
  stateOf,
  takeBack,
} from './end.ts'
import type { LinkPlan } from './link-plan.ts'
import type { LinkState } from './link-state.ts'
import type { Kernel, Link } from './port.ts'
import { undone } from './undo.ts'

/**
 * Makes a plan true: creates the veth pair when it is missing, otherwise changes only what differs, so that a link
 * that is as planned keeps its index, MAC and packets. What others added to the interfaces stays.
 *
 * When a step fails the earlier ones are undone before this throws: KernelError EEXIST when a pod has another
 * interface of the name, ENOENT when a namespace is gone, else what the kernel refused; AggregateError, the cause
 * first, when undoing failed too. The signal is heeded before work begins and after every wait.
 */
export async function apply(kernel: Kernel, plan: LinkPlan, signal: AbortSignal): Promise<LinkState> {
  return await converged(kernel, plan, { signal, search: find })
}

/**
 * Like `apply`, for an id that has no link as far as is known: an end that somebody renamed is not searched for. In a
 * pod with hundreds of interfaces that search takes longer than all the rest.
 */
export async function applyNew(kernel: Kernel, plan: LinkPlan, signal: AbortSignal): Promise<LinkState> {
  return await converged(kernel, plan, { signal, search: findByName })
}

interface Search {
  readonly signal: AbortSignal
  readonly search: (end: End) => Link | undefined
}

async function converged(kernel: Kernel, plan: LinkPlan, { signal, search }: Search): Promise<LinkState> {
  signal.throwIfAborted()
  const [first, second] = plan.ends
  using source = kernel.open(first.netns)
  using destination = kernel.open(second.netns)
  const ends: readonly [End, End] = [
    { plan: first, namespace: source },
    { plan: second, namespace: destination },
  ]
  const links = ends.map(search)
  for (const { namespace } of ends) kernel.follow(namespace)
  const changes = isPair(links) ? await reconcile(ends) : await renew(ends, links, signal)
  return { id: plan.id, ends: [stateOf(ends[0]), stateOf(ends[1])], changes }
}

function isPair(links: readonly (Link | undefined)[]): boolean {
  const [a, b] = links
  return a !== undefined && b !== undefined && a.peer === b.index && b.peer === a.index
}

/**
 * Looks and changes until nothing differs: a change may cost others, as a rename costs an old kernel the routes and
 * the removal of an address costs the others of its network.
 */
async function reconcile(ends: readonly [End, End]): Promise<readonly string[]> {
  const done: Done[] = []
  try {
    for (let round = 1; round <= mostRounds; round++) {
      const before = done.length
      for (const end of ends) converge(end, look(end), done)
      if (done.length === before) break
    }
    return done.map(doneInWords)
  } catch (cause) {
    throw await undone(cause, async () => takeBack(done))
  }
}

/** Replaces what an earlier life of the connection left: ends whose other ends are in the wrong pods. */
async function renew(
  ends: readonly [End, End],
  links: readonly (Link | undefined)[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  for (const [at, { namespace }] of ends.entries()) {
    const link = links[at]
    if (link === undefined) continue
    await namespace.link.remove(link.index)
    signal.throwIfAborted()
  }
  return createPair(ends)
}

const mostRounds = 3
