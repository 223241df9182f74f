import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { median } from '#bench/webhook/figures.ts'
import { inNetns } from '#kernel/netns.ts'
import { layPaths, way } from './paths.ts'
import type { Place } from './places.ts'
import type { Order } from './traffic-child.ts'

/** Medians of one measure over all ways; throughput in bytes/s, packets in 1/s, round trips in microseconds. */
export interface Measure {
  readonly what: 'throughput' | 'packets' | 'roundtrip'
  readonly by: Readonly<Record<keyof typeof way, number>>
  /** Of each round the connection over what it is compared with, better being more than 1; the median. */
  readonly ratio: { readonly veth: number; readonly vxlan: number; readonly bridged: number }
}

const measures = ['throughput', 'packets', 'roundtrip'] as const
const ways = ['connection', 'veth', 'tunnelConnection', 'vxlan', 'bridged'] as const

/** Measures all ways in turn, in rounds that begin with another way each time. */
export async function dataPath(
  base: string,
  { rounds, ms }: { rounds: number; ms: number },
): Promise<readonly Measure[]> {
  using owned = new DisposableStack()
  const { first, beside, far } = owned.use(await layPaths(base))
  const [sender, near, remote] = [first, beside, far].map(place => owned.use(traffic(place)))
  if (sender === undefined || near === undefined || remote === undefined) throw new Error('no traffic')
  await Promise.all([near.ask({ what: 'serve' }), remote.ask({ what: 'serve' })])
  const results: Measure[] = []
  for (const what of measures) {
    const found = new Map<keyof typeof way, number[]>(ways.map(name => [name, []]))
    for (let round = -1; round < rounds; round++) {
      for (const turn of ways.keys()) {
        const name = ways[(turn + round + ways.length) % ways.length] ?? 'veth'
        const receiver = name === 'connection' || name === 'veth' ? near : remote
        const value = await one({ what, to: way[name], ms, sender, receiver })
        // The first round only warms up.
        if (round >= 0) found.get(name)?.push(value)
      }
    }
    results.push(summary(what, found))
  }
  return results
}

interface Single {
  readonly what: Measure['what']
  readonly to: string
  readonly ms: number
  readonly sender: Traffic
  readonly receiver: Traffic
}

async function one({ what, to, ms, sender, receiver }: Single): Promise<number> {
  if (what !== 'packets') return await sender.ask({ what, to, ms })
  await receiver.ask({ what: 'count' })
  await sender.ask({ what, to, ms })
  // What counts is what arrives.
  return ((await receiver.ask({ what: 'count' })) * 1000) / ms
}

function summary(what: Measure['what'], found: ReadonlyMap<keyof typeof way, readonly number[]>): Measure {
  const of = (name: keyof typeof way) => found.get(name) ?? []
  const ratio = (ours: keyof typeof way, theirs: keyof typeof way) =>
    median(
      of(ours).map((value, round) => {
        const other = of(theirs)[round] ?? Number.NaN
        return what === 'roundtrip' ? other / value : value / other
      }),
    )
  const by = (name: keyof typeof way) => median(of(name))
  return {
    what,
    by: {
      connection: by('connection'),
      veth: by('veth'),
      tunnelConnection: by('tunnelConnection'),
      vxlan: by('vxlan'),
      bridged: by('bridged'),
    },
    ratio: {
      veth: ratio('connection', 'veth'),
      vxlan: ratio('tunnelConnection', 'vxlan'),
      bridged: ratio('tunnelConnection', 'bridged'),
    },
  }
}

interface Traffic extends Disposable {
  readonly ask: (order: Order) => Promise<number>
}

function traffic(place: Place): Traffic {
  const child: ChildProcess = inNetns(place, () => fork(join(import.meta.dirname, 'bench-traffic.js')))
  return {
    async ask(order) {
      const answer = once(child, 'message', { signal: AbortSignal.timeout(30_000) })
      child.send(order)
      return Number((await answer)[0])
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}
