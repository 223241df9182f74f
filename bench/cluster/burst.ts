import { type Leftover, leftovers } from './memory.ts'
import { clear, initTimes, type Place, start } from './place.ts'
import type { Kind } from './pods.ts'

/** Many pods at once. */
export interface Burst {
  readonly kind: Kind
  /** Milliseconds until each was Ready; the last one is when all were. */
  readonly ready: readonly number[]
  readonly init: readonly number[]
  readonly failed: number
  /** Requests to create a pod that the API server refused; they were repeated. */
  readonly refused: number
  /** What each holds once it is Ready. */
  readonly leftover: Leftover
}

/** How many pods of which kind. */
export interface BurstOptions {
  readonly kind: Kind
  /** Half of them on each node. */
  readonly count: number
  /** What is looked at while they are there. */
  readonly meanwhile?: () => Promise<void>
}

/** Creates pods on all nodes at once, and deletes them again. */
export async function burst(place: Place, { kind, count, meanwhile }: BurstOptions): Promise<Burst> {
  const { nodes } = place.cluster
  const before = place.watch.failed.size
  const pods = await Promise.all(
    Array.from({ length: count }, (_, at) =>
      start(place, {
        name: `burst-${kind}-${at}`,
        kind,
        node: nodes[at % nodes.length] ?? '',
        service: 'many',
      }),
    ),
  )
  const failed = place.watch.failed.size - before
  await meanwhile?.()
  const leftover = leftovers(
    place.cluster,
    pods.flatMap(({ seen }) => (seen === undefined ? [] : [seen.uid])),
  )
  const result: Burst = {
    kind,
    ready: pods.map(({ ms }) => ms),
    init: initTimes(place, pods),
    failed,
    refused: pods.reduce((all, { refused }) => all + refused, 0),
    leftover,
  }
  await clear(place)
  return result
}
