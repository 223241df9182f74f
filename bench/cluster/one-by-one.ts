import { clear, initTimes, type Place, type Started, start } from './place.ts'
import type { Kind } from './pods.ts'

/** Pods of one sort, started one at a time. */
export interface Turn {
  readonly what: string
  /** Milliseconds until each was Ready, in the order of rounds. */
  readonly ready: readonly number[]
  /** Milliseconds that its init process took, where it has one. */
  readonly init: readonly number[]
}

const sorts: readonly { readonly what: string; readonly kind: Kind; readonly service: string }[] = [
  { what: 'plain', kind: 'plain', service: '' },
  { what: 'init container of bare Node', kind: 'bare', service: '' },
  { what: 'annotated, same node', kind: 'annotated', service: 'near' },
  { what: 'annotated, across nodes', kind: 'annotated', service: 'far' },
]

/** Starts one pod of each sort a round, in turn, on one node. A round before them is not counted: images are pulled then. */
export async function oneByOne(place: Place, rounds: number, node: string): Promise<readonly Turn[]> {
  const started: Started[][] = sorts.map(() => [])
  for (let round = 0; round <= rounds; round++) {
    for (const [at, { kind, service }] of sorts.entries()) {
      const pod = await start(place, { name: `one-${round}-${at}`, kind, node, service })
      if (round > 0) started[at]?.push(pod)
    }
    await clear(place)
  }
  return sorts.map(({ what }, at) => {
    const pods = started[at] ?? []
    return { what, ready: pods.map(({ ms }) => ms), init: initTimes(place, pods) }
  })
}
