import { type Created, create } from './create.ts'
import type { EndFacts } from './difference.ts'
import {
  converge,
  type Done,
  doneInWords,
  type End,
  find,
  findByName,
  look,
  restore,
  stateOf,
  takeBack,
} from './end.ts'
import { isKernelError } from './errors.ts'
import type { LinkPlan } from './link-plan.ts'
import type { LinkState } from './link-state.ts'
import type { Kernel, Link } from './port.ts'
import { undone, undoneAtOnce } from './undo.ts'
import { isWhole, openWork, type Work } from './work.ts'

/**
 * Makes a plan true: creates the link when it is missing, otherwise changes only what differs, so that a link that
 * is as planned keeps its index, MAC and packets. What others added to the interfaces stays.
 *
 * When a step fails the earlier ones are undone before this throws: KernelError EEXIST when a pod has another
 * interface of the name, EADDRINUSE when the node has another tunnel of the VNI, ENOENT when a namespace is gone,
 * else what the kernel refused; AggregateError, the cause first, when undoing failed too. The signal is heeded before
 * work begins and after every wait.
 */
export async function apply(kernel: Kernel, plan: LinkPlan, signal: AbortSignal): Promise<LinkState> {
  signal.throwIfAborted()
  return await converged(kernel, { plan, search: find, signal })
}

/**
 * Like `apply`, for an id that has no link as far as is known: an end that somebody renamed is not searched for, and
 * what is in the way is looked for only when the kernel says that something is. In a pod with hundreds of interfaces
 * those searches take longer than all the rest.
 */
export async function applyNew(kernel: Kernel, plan: LinkPlan, signal: AbortSignal): Promise<LinkState> {
  signal.throwIfAborted()
  try {
    return await created(kernel, plan, () => [])
  } catch (cause) {
    if (!isKernelError(cause, 'EEXIST')) throw cause
  }
  return await converged(kernel, { plan, search: findByName, signal })
}

interface Search {
  readonly plan: LinkPlan
  readonly search: (end: End) => Link | undefined
  readonly signal: AbortSignal
}

/**
 * Namespaces are open only within a synchronous part: one that is held while the kernel waits would keep a pod alive
 * that ends meanwhile.
 */
async function converged(kernel: Kernel, { plan, search, signal }: Search): Promise<LinkState> {
  const found = visit(kernel, plan, work => {
    const links = work.ends.map(search)
    followPods(kernel, plan, work)
    return isWhole(work, links)
      ? stateAfter(plan, work, { links: [], changes: reconcile(work.ends) })
      : removalsOf(work, links)
  })
  if ('ends' in found) return found
  await Promise.all(found)
  signal.throwIfAborted()
  // Rules outlive their link: those of the earlier one are still there, wanted or not.
  return await created(kernel, plan, work => (found.length === 0 ? [] : reconcile(work.ends)))
}

/** Creates the link; `finish` changes what creating it did not, and says what. */
async function created(
  kernel: Kernel,
  plan: LinkPlan,
  finish: (work: Work) => readonly string[],
): Promise<LinkState> {
  const made = visit(kernel, plan, work => {
    followPods(kernel, plan, work)
    const link = create(work)
    if ('removal' in link) return link
    return stateAfter(plan, work, { ...link, changes: [...link.changes, ...finish(work)] })
  })
  if ('removal' in made) throw await undone(made.cause, () => made.removal)
  return made
}

/** Runs a function with the namespaces of a plan open. */
function visit<T>(kernel: Kernel, plan: LinkPlan, run: (work: Work) => T): T {
  using work = openWork(kernel, plan)
  return run(work)
}

function followPods(kernel: Kernel, plan: LinkPlan, work: Work): void {
  for (const { namespace } of podsOf(plan, work)) kernel.follow(namespace)
}

/** Begins to remove what an earlier life of the connection left: ends whose other ends are in the wrong pods, tunnels to another node. */
function removalsOf({ ends }: Work, links: readonly (Link | undefined)[]): readonly Promise<void>[] {
  return ends.flatMap(({ namespace }, at) => {
    const link = links[at]
    return link === undefined ? [] : [namespace.link.remove(link.index)]
  })
}

function stateAfter(plan: LinkPlan, work: Work, { links, changes }: Created): LinkState {
  const [first, ...others] = podsOf(plan, work).map((end, at) => stateOf(end, links[at]))
  if (first === undefined) throw new TypeError('a plan has an end')
  return { id: plan.id, ends: [first, ...others], changes }
}

/** The ends that the plan names: those in pods. */
function podsOf(plan: LinkPlan, work: Work): readonly End[] {
  return work.ends.slice(0, plan.ends.length)
}

/**
 * Looks and changes until nothing differs: a change may cost others, as a rename costs an old kernel the routes and
 * the removal of an address costs the others of its network.
 */
function reconcile(ends: readonly End[]): readonly string[] {
  const done: Done[] = []
  const found = new Map<End, EndFacts>()
  try {
    for (let round = 1; round <= mostRounds; round++) {
      const before = done.length
      for (const end of ends) {
        const facts = look(end)
        if (!found.has(end)) found.set(end, facts)
        converge(end, facts, done)
      }
      if (done.length === before) break
    }
    return done.map(doneInWords)
  } catch (cause) {
    throw undoneAtOnce(cause, () => {
      takeBack(done)
      for (const [end, facts] of found) restore(end, facts)
    })
  }
}

const mostRounds = 3
