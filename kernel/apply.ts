import { create } from './create.ts'
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
import { undone } from './undo.ts'
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
  using work = openWork(kernel, plan)
  return await converged(kernel, { plan, work, links: work.ends.map(find), signal })
}

/**
 * Like `apply`, for an id that has no link as far as is known: an end that somebody renamed is not searched for, and
 * what is in the way is looked for only when the kernel says that something is. In a pod with hundreds of interfaces
 * those searches take longer than all the rest.
 */
export async function applyNew(kernel: Kernel, plan: LinkPlan, signal: AbortSignal): Promise<LinkState> {
  signal.throwIfAborted()
  using work = openWork(kernel, plan)
  followPods(kernel, plan, work)
  try {
    const { links, changes } = await create(work)
    const [first, ...others] = podsOf(plan, work).map((end, at) => stateOf(end, links[at]))
    if (first !== undefined) return { id: plan.id, ends: [first, ...others], changes }
  } catch (cause) {
    if (!isKernelError(cause, 'EEXIST')) throw cause
  }
  return await converged(kernel, { plan, work, links: work.ends.map(findByName), signal })
}

/** Links that were found, and what is to become of them. */
interface Found {
  readonly plan: LinkPlan
  readonly work: Work
  /** In the order of the work's ends. */
  readonly links: readonly (Link | undefined)[]
  readonly signal: AbortSignal
}

async function converged(kernel: Kernel, { plan, work, links, signal }: Found): Promise<LinkState> {
  followPods(kernel, plan, work)
  const changes = isWhole(work, links) ? await reconcile(work.ends) : await renew({ work, links, signal })
  const [, ...others] = podsOf(plan, work)
  return { id: plan.id, ends: [stateOf(work.ends[0]), ...others.map(end => stateOf(end))], changes }
}

/** The ends that the plan names: those in pods. */
function podsOf(plan: LinkPlan, work: Work): readonly End[] {
  return work.ends.slice(0, plan.ends.length)
}

function followPods(kernel: Kernel, plan: LinkPlan, work: Work): void {
  for (const { namespace } of podsOf(plan, work)) kernel.follow(namespace)
}

/**
 * Looks and changes until nothing differs: a change may cost others, as a rename costs an old kernel the routes and
 * the removal of an address costs the others of its network.
 */
async function reconcile(ends: readonly End[]): Promise<readonly string[]> {
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
    throw await undone(cause, async () => {
      takeBack(done)
      for (const [end, facts] of found) restore(end, facts)
    })
  }
}

/**
 * Replaces what an earlier life of the connection left: ends whose other ends are in the wrong pods, tunnels to
 * another node.
 */
async function renew({ work, links, signal }: Omit<Found, 'plan'>): Promise<readonly string[]> {
  for (const [at, { namespace }] of work.ends.entries()) {
    const link = links[at]
    if (link === undefined) continue
    await namespace.link.remove(link.index)
    signal.throwIfAborted()
  }
  const { changes } = await create(work)
  // Rules outlive their link: those of the earlier one are still there, wanted or not.
  return links.every(link => link === undefined) ? changes : [...changes, ...(await reconcile(work.ends))]
}

const mostRounds = 3
