/**
 * Removes interfaces, many at a time. A removal holds the kernel's lock of all network configuration (rtnl) for half a
 * millisecond and then waits for RCU, about 20 ms, without it. So several wait together, on threads; but not too many, or
 * a request of the event loop would queue for the lock behind all of them.
 */
import { randomInt } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { encodeLinkGroup, encodeLinkIndex } from './codec/link.ts'
import { isKernelError, type KernelError } from './errors.ts'
import type { Place } from './place.ts'
import { openSocketIn, type Request } from './socket.ts'

/** Where an interface is removed. */
export type RemovalPlace = Pick<Place, 'netns' | 'where' | 'sent'>

/**
 * Removes an interface, on a thread; gone is success. The namespace is kept alive until then and may be disposed of
 * meanwhile. Throws KernelError.
 */
export function removeLink(place: RemovalPlace, index: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  queueOf(place).waiting.push({ index, resolve, reject })
  // Later in this round of the event loop, so that what is asked for at once becomes one batch.
  if (queues.size === 1) setImmediate(start)
  return promise
}

interface Waiting {
  readonly index: number
  readonly resolve: () => void
  readonly reject: (cause: unknown) => void
}

/** What waits for one namespace. */
interface Queue {
  readonly place: Omit<RemovalPlace, 'netns'>
  readonly cookie: bigint
  readonly fd: number
  readonly waiting: Waiting[]
}

const queues = new Map<bigint, Queue>()

/** How many more interfaces may be on the way at once. */
let free = 24

/** One message by group removes so many in the time of one, and holds the lock for little more. */
const mostInBatch = 6

function queueOf({ netns, where, sent }: RemovalPlace): Queue {
  const { cookie } = netns
  const present = queues.get(cookie)
  if (present !== undefined) return present
  const queue = { place: { where, sent }, cookie, fd: openSync(netns.path, 'r'), waiting: [] }
  queues.set(cookie, queue)
  return queue
}

/** Starts what may start now: one batch of each namespace in turn. */
function start(): void {
  for (const queue of queues.values()) {
    if (free === 0) return
    queues.delete(queue.cookie)
    const batch = queue.waiting.splice(0, Math.min(free, mostInBatch))
    free -= batch.length
    void removed(queue, batch).finally(() => {
      free += batch.length
      start()
    })
    // To the end of the map, which this loop reaches again.
    if (queue.waiting.length > 0) queues.set(queue.cookie, queue)
    else closeSync(queue.fd)
  }
}

async function removed({ fd, place }: Queue, batch: readonly Waiting[]): Promise<void> {
  try {
    // In the same call as `start`, while the descriptor is open.
    using socket = openSocketIn({ path: `/proc/self/fd/${fd}` }, place.sent)
    const ask = async (some: readonly Waiting[]) =>
      (await socket.changesOnThread(requestsFor(some, place.where))).map(unlessGone)
    const refusals = await ask(batch)
    const together = batch.length === 1 || refusals.at(-1) === undefined
    for (const [at, waiting] of batch.entries()) {
      // The kernel removes all of a group or, for the sake of one that cannot be removed, none.
      const refusal = together ? refusals[at] : (await ask([waiting]))[0]
      if (refusal === undefined) waiting.resolve()
      else waiting.reject(refusal)
    }
  } catch (cause) {
    for (const { reject } of batch) reject(cause)
  }
}

/**
 * One interface by its index; several by a group that nobody else has, neither a foreign interface nor one that we meant to
 * remove before we died and that was asked for again since.
 *
 * Equivalent to: `ip link set dev INDEX group GROUP` for each, and `ip link del group GROUP`
 */
function requestsFor(batch: readonly Waiting[], where: string): readonly Request[] {
  const [first, ...others] = batch
  if (first === undefined) return []
  const doing = `removing ${others.length === 0 ? 'interface' : 'interfaces'} ${batch.map(({ index }) => index).join(', ')} ${where}`
  if (others.length === 0) return [{ name: 'RTM_DELLINK', body: encodeLinkIndex(first.index), doing }]
  const group = randomInt(firstGroup, 2 ** 31)
  return [
    ...batch.map(
      ({ index }) => ({ name: 'RTM_SETLINK', body: encodeLinkGroup(index, group), doing }) as const,
    ),
    { name: 'RTM_DELLINK', body: encodeLinkGroup(0, group), doing },
  ]
}

function unlessGone(refusal: KernelError | undefined): KernelError | undefined {
  return isKernelError(refusal, 'ENODEV') ? undefined : refusal
}

/** Above `ourGroup` and what people write by hand. */
const firstGroup = 2 ** 30
