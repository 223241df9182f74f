import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NetnsName } from '#kernel/link-plan.ts'
import { netlinkHarness } from '#kernel/netlink-harness.ts'
import { nodeNetns } from '#kernel/netns.ts'
import type { Namespace } from '#kernel/port.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { exampleCrossConnect, exampleTunnel } from './example.ts'
import { type Fixture, newFixture } from './fixture.ts'

describe('the namespace of the node itself', () => {
  let at: Fixture
  let pod: NetnsName

  beforeEach(async () => {
    at = await newFixture(netlinkHarness())
    pod = at.harness.addNetns()
  })

  afterEach(() => at[Symbol.asyncDispose]())

  const tunnel = {
    src_ip: '192.0.2.1',
    dst_ip: '192.0.2.2',
    src_port: '14789',
    dst_port: '14789',
    vni: '77',
    MTU: '1450',
  }
  const pair = (source: NetnsName, destination: NetnsName) =>
    exampleCrossConnect({
      source: { name: 'nsm0', netns: source },
      destination: { name: 'nsm1', netns: destination },
    })

  /** All that a dump of a namespace says and traffic does not change. */
  function dump({ link, addr, route, neigh, rule }: Namespace) {
    return link.list().map(each => ({
      ...each,
      stats: undefined,
      addresses: addr.list(each.index),
      routes: route.list(each.index),
      neighbours: neigh.list(each.index),
      rules: rule.list(),
    }))
  }

  function everything() {
    using own = at.harness.kernel.openOwn()
    using there = at.harness.kernel.open(pod)
    return { own: dump(own), pod: dump(there) }
  }

  const own = nodeNetns
  const disguised = (): NetnsName => ({ ...own(), inode: pod.inode ?? 0n, pidHint: 1 })

  test.each<[string, () => CrossConnect]>([
    ['source', () => pair(own(), pod)],
    ['destination', () => pair(pod, own())],
    ['source with the inode of a pod and another pid', () => pair(disguised(), pod)],
    ['destination with the inode of a pod and another pid', () => pair(pod, disguised())],
    ['end of a tunnel', () => exampleTunnel({ source: { name: 'nsm0', netns: own() }, parameters: tunnel })],
  ])('is refused as %s, for a Request and for a Close, and nothing is touched', async (_, make) => {
    const before = everything()
    await expect(at.forwarder.request(make())).rejects.toThrow(/node's own.*hostNetwork/)
    await expect(at.forwarder.close({ ...make(), id: 'unknown' })).rejects.toThrow(/node's own/)
    expect(everything()).toEqual(before)
  })

  test('is not what a pid of the node means beside the cookie of a pod', async () => {
    const other = at.harness.addNetns()
    const { own: before } = everything()
    await at.forwarder.request(pair({ ...pod, pidHint: process.pid }, { ...other, pidHint: process.ppid }))
    expect(at.linksIn(pod).map(({ name }) => name)).toEqual(['nsm0'])
    expect(everything().own).toEqual(before)
    await at.forwarder.close({ id: 'x1' })
  })

  test('is not named by an inode without a cookie, nor is a pod', async () => {
    const crossConnect = pair(pod, at.harness.addNetns())
    const { parameters = {} } = crossConnect.source?.mechanism ?? {}
    const rest = Object.entries(parameters).filter(([name]) => name !== 'netnsCookie')
    const inodeOnly = {
      ...Object.fromEntries(rest),
      netnsInode: `${pod.inode}`,
      inodeURL: `inode://4/${pod.inode}`,
    }
    const before = everything()
    if (crossConnect.source?.mechanism !== undefined) crossConnect.source.mechanism.parameters = inodeOnly
    await expect(at.forwarder.request(crossConnect)).rejects.toThrow(/netnsCookie is missing/)
    expect(everything()).toEqual(before)
  })
})
