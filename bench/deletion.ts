import { setTimeout as delay } from 'node:timers/promises'
import { applyNew } from '#kernel/apply.ts'
import { encodeLinkIndex } from '#kernel/codec/link.ts'
import type { EndPlan, LinkPlan, NetnsName } from '#kernel/link-plan.ts'
import { netlinkKernel } from '#kernel/netlink.ts'
import { createNetns, type Netns } from '#kernel/netns.ts'
import type { Kernel } from '#kernel/port.ts'
import { remove } from '#kernel/remove.ts'
import { temporaryFolder } from '#kernel/scratch.ts'
import { openSocketIn } from '#kernel/socket.ts'
import { measure } from './measure.ts'
import { against, type Series, seriesOf } from './report.ts'

/** How much to measure. */
export interface DeletionBenchOptions {
  /** Links that are removed at once, default 500. */
  readonly links?: number
  /** How often, default 3: one round is too short for a 99th percentile. */
  readonly rounds?: number
}

/**
 * What removing many links costs, and what it does to a Request meanwhile. The first series is the baseline: one link
 * after the other, each removed by a bare message. `perSecond` of the removals is to be compared with the baseline's, `p99`
 * of the requests with each other. Everything lies in namespaces of its own, which the caller is in; nothing stays.
 */
export async function benchDeletion({
  links = 500,
  rounds = 3,
}: DeletionBenchOptions = {}): Promise<readonly Series[]> {
  using owned = new DisposableStack()
  const { path } = owned.use(temporaryFolder())
  const kernel = owned.use(netlinkKernel())
  const netns = (name: string) => owned.use(createNetns(`${path}/${name}`))
  const endpoint = netns('endpoint')
  const clients = Array.from({ length: 25 }, (_, at) => netns(`client-${at}`))
  const requests = newRequests(kernel, [netns('asking'), netns('asked')])
  const planned = (from: string, to: readonly Netns[]) =>
    Array.from({ length: links }, (_, at) =>
      planOf(`${from}${at}`, [clients[at % clients.length] ?? endpoint, to[at % to.length] ?? endpoint]),
    )

  const baseline = await oneByOne(kernel, endpoint, planned('b', [endpoint]).slice(0, 50))
  const idle = await requests.repeat('Request, nothing else happens', ({ count }) => count < 200 * rounds)
  const series = [idle]
  for (const [what, to] of [
    ['of one endpoint', [endpoint]],
    ['between 25 pods', [...clients.slice(7), ...clients.slice(0, 7)]],
  ] as const) {
    const busy: number[] = []
    const removed: number[] = []
    let wall = 0
    for (let round = 0; round < rounds; round++) {
      const plans = planned('l', to)
      for (const plan of plans) await applyNew(kernel, plan, forever)
      const meanwhile = new AbortController()
      const asking = requests.durations(() => !meanwhile.signal.aborted)
      const begun = performance.now()
      await Promise.all(plans.map(plan => timed(removed, () => removeLink(kernel, plan))))
      wall += performance.now() - begun
      meanwhile.abort()
      busy.push(...(await asking))
    }
    series.push(
      seriesOf(`Request, while ${links} links ${what} are removed`, busy, Number.NaN),
      seriesOf(`${links} links ${what} removed at once`, removed, wall),
    )
  }
  await requests.clear()
  return [baseline, ...against(baseline, series)]
}

/** Makes new links between two pods, one after the other. */
function newRequests(kernel: Kernel, pods: readonly [NetnsName, NetnsName]) {
  const made: LinkPlan[] = []
  let next = 0
  const clear = async () => void (await Promise.all(made.splice(0).map(plan => removeLink(kernel, plan))))
  async function durations(go: (state: { readonly count: number }) => boolean): Promise<readonly number[]> {
    await clear()
    const all: number[] = []
    while (go({ count: all.length })) {
      const plan = planOf(`r${next++ % 10_000}`, pods)
      await timed(all, () => applyNew(kernel, plan, forever))
      made.push(plan)
      // As requests of a node come: not all the time, or they would only measure each other.
      await delay(2)
    }
    return all
  }
  return {
    clear,
    durations,
    repeat: async (what: string, go: (state: { readonly count: number }) => boolean) =>
      seriesOf(what, await durations(go), Number.NaN),
  }
}

async function oneByOne(kernel: Kernel, endpoint: Netns, plans: readonly LinkPlan[]): Promise<Series> {
  for (const plan of plans) await applyNew(kernel, plan, forever)
  using namespace = kernel.open(endpoint)
  using socket = openSocketIn(endpoint)
  const indexes = plans.flatMap(({ ends }) => namespace.link.get(ends.at(-1)?.name ?? '')?.index ?? [])
  return await measure('bare netlink: RTM_DELLINK, one by one', { items: indexes, parallel: 1 }, index =>
    socket.changesOnThread([{ name: 'RTM_DELLINK', body: encodeLinkIndex(index), doing: 'removing a link' }]),
  )
}

async function timed(durations: number[], work: () => Promise<unknown>): Promise<void> {
  const before = performance.now()
  await work()
  durations.push(performance.now() - before)
}

async function removeLink(kernel: Kernel, { id, ends }: LinkPlan): Promise<void> {
  await remove(
    kernel,
    id,
    ends.map(({ netns, name }) => ({ ...netns, interfaceHint: name })),
  )
}

function planOf(id: string, [client, endpoint]: readonly [NetnsName, NetnsName]): LinkPlan {
  const number = Number(id.slice(1))
  const address = (host: number) =>
    `10.${64 + (number >> 14)}.${(number >> 6) & 255}.${(number & 63) * 4 + host}/30`
  const end = (role: 'src' | 'dst', netns: NetnsName, host: number): EndPlan => ({
    netns,
    name: `${role}-${id}`,
    alias: `nsm:${id}:${role}`,
    addresses: [address(host)],
    routes: [],
    neighbours: [],
    policies: [],
  })
  return { id, kind: 'veth', ends: [end('src', client, 1), end('dst', endpoint, 2)] }
}

const forever = new AbortController().signal
