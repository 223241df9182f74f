import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { apply } from './apply.ts'
import type { LinkPlan, NetnsName } from './link-plan.ts'
import { list } from './list.ts'
import { netlinkKernel } from './netlink.ts'
import { createNetns, inNetns, nodeNetns } from './netns.ts'
import { remove } from './remove.ts'
import { temporaryFolder } from './scratch.ts'
import { NetlinkSocket } from './socket.ts'

const connections = 200
const pods = 20

test('200 connections made and removed leave no descriptor, no link and no namespace id', async () => {
  // The way home from other namespaces stays open.
  inNetns(nodeNetns(), () => undefined)
  const before = { descriptors: descriptors(), nsids: nsids() }
  using folder = temporaryFolder()
  using kernel = netlinkKernel()
  const stop = new AbortController()
  const events = kernel.events(stop.signal)
  {
    using made = new DisposableStack()
    const netns = Array.from({ length: pods }, (_, at) => made.use(createNetns(`${folder.path}/${at}`)))
    const plans = Array.from({ length: connections }, (_, at) => planOf(at, netns))
    for (const plan of plans) await apply(kernel, plan, stop.signal)
    expect(list(kernel, netns)).toHaveLength(2 * connections)
    expect(nsids()).toBe(before.nsids + pods)
    await Promise.all(
      plans.map(plan =>
        remove(
          kernel,
          plan.id,
          plan.ends.map(end => end.netns),
        ),
      ),
    )
    expect(list(kernel, netns)).toEqual([])
  }
  await deaths(events, pods)
  stop.abort()
  kernel[Symbol.dispose]()
  await new Promise(setImmediate)
  expect({ descriptors: descriptors(), nsids: nsids() }).toEqual(before)
})

/** Link number `at` between two of the namespaces. */
function planOf(at: number, netns: readonly NetnsName[]): LinkPlan {
  const none = { routes: [], neighbours: [], policies: [] }
  const end = (role: 'src' | 'dst') => {
    const name = netns[(at + (role === 'src' ? 0 : 1 + (at % 7))) % netns.length] ?? { cookie: 0n }
    const addresses = [`10.${role === 'src' ? 1 : 2}.${at}.1/30`]
    return { netns: name, name: `${role}${at}`, alias: `nsm:c${at}:${role}`, addresses, ...none }
  }
  return { id: `c${at}`, kind: 'veth', ends: [end('src'), end('dst')] }
}

async function deaths(
  events: ReturnType<ReturnType<typeof netlinkKernel>['events']>,
  count: number,
): Promise<void> {
  const gone = new Set<bigint>()
  for await (const event of events) {
    if (event.type === 'netns.gone') gone.add(event.netns)
    if (gone.size === count) return
  }
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** Equivalent to: `ip netns list-id | wc -l` */
function nsids(): number {
  using socket = new NetlinkSocket()
  return socket.dump({ name: 'RTM_GETNSID', body: Buffer.alloc(4), doing: 'counting namespace ids' }).length
}
