import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { apply } from './apply.ts'
import { encodeAddressKey } from './codec/address.ts'
import { attribute } from './codec/attribute.ts'
import { encodeIp } from './codec/ip.ts'
import { flag } from './codec/message.ts'
import type { RequestName } from './codec/rtnetlink.ts'
import { u32 } from './codec/value.ts'
import { dumpNetns } from './dump.ts'
import type { EndPlan, VethPlan } from './link-plan.ts'
import { netlinkKernel } from './netlink.ts'
import { createNetns, inNetns, type Netns } from './netns.ts'
import { temporaryFolder, writableProc } from './scratch.ts'
import { openSocketIn } from './socket.ts'

const { signal } = new AbortController()

/** What Linux does by itself when something of an interface changes. */
describe('a change of a connection', () => {
  let owned = new DisposableStack()
  let client: Netns
  let endpoint: Netns

  beforeEach(() => {
    owned = new DisposableStack()
    const folder = owned.use(temporaryFolder())
    client = owned.use(createNetns(`${folder.path}/client`))
    endpoint = owned.use(createNetns(`${folder.path}/endpoint`))
  })

  afterEach(() => owned.dispose())

  function plan(source: Partial<EndPlan>, destination: Partial<EndPlan> = {}): VethPlan {
    const none = { addresses: [], routes: [], neighbours: [], policies: [] }
    return {
      id: 'c1',
      kind: 'veth',
      ends: [
        { netns: client, name: 'nsm-1', alias: 'nsm:c1:src', ...none, ...source },
        { netns: endpoint, name: 'nse', alias: 'nsm:c1:dst', ...none, ...destination },
      ],
    }
  }

  function change(name: RequestName, ...parts: readonly Uint8Array[]): void {
    using socket = openSocketIn(client)
    socket.change({ name, flags: flag.create, body: Buffer.concat(parts), doing: 'making something foreign' })
  }

  test.each([
    { what: 'in another network', next: '10.7.0.1/24' },
    { what: 'in the same network', next: '10.5.0.2/24' },
    { what: 'with another prefix length', next: '10.5.0.1/30' },
  ])('of an address to one $what leaves foreign addresses and routes of the interface', async ({ next }) => {
    using kernel = netlinkKernel({ proc: writableProc })
    const { ends } = await apply(kernel, plan({ addresses: ['10.5.0.1/24'] }), signal)
    const bare = dumpNetns(client)
    change('RTM_NEWADDR', encodeAddressKey(ends[0].index, '10.5.0.9/24'))
    const header = Buffer.of(2, 24, 0, 0, 254, 4, 253, 1, 0, 0, 0, 0)
    change('RTM_NEWROUTE', header, attribute(1, encodeIp('10.77.0.0')), attribute(4, u32(ends[0].index)))
    const foreign = dumpNetns(client).filter(line => !bare.includes(line) && line.startsWith('route 2.24.'))
    expect(foreign).toHaveLength(1)
    await apply(kernel, plan({ addresses: [next] }), signal)
    const after = dumpNetns(client)
    expect(after).toEqual(expect.arrayContaining(foreign))
    using pod = kernel.open(client)
    expect(pod.addr.list(ends[0].index).filter(({ cidr }) => cidr.startsWith('10.'))).toEqual(
      expect.arrayContaining([
        { cidr: '10.5.0.9/24', origin: 'foreign' },
        { cidr: next, origin: 'ours' },
      ]),
    )
  })

  test('leaves a foreign route alone where the only address changes', async () => {
    using kernel = netlinkKernel({ proc: writableProc })
    const { ends } = await apply(kernel, plan({ addresses: ['10.5.0.1/24'] }), signal)
    const header = Buffer.of(2, 24, 0, 0, 254, 4, 253, 1, 0, 0, 0, 0)
    change('RTM_NEWROUTE', header, attribute(1, encodeIp('10.77.0.0')), attribute(4, u32(ends[0].index)))
    await apply(kernel, plan({ addresses: ['10.7.0.1/24'] }), signal)
    using pod = kernel.open(client)
    expect(pod.route.list(ends[0].index)).toContainEqual({ prefix: '10.77.0.0/24', origin: 'foreign' })
  })

  test.each([
    { what: 'another', next: ['10.7.0.1/24'] },
    { what: 'another of the same network', next: ['10.5.0.2/24'] },
    { what: 'none', next: [] },
    { what: 'one of another prefix length', next: ['10.5.0.1/30'] },
  ])('that fails after its address was exchanged for $what gives back all of before', async ({ next }) => {
    using kernel = netlinkKernel({ proc: writableProc })
    const routes = [{ prefix: '10.9.0.0/16', via: '10.5.0.6' }, { prefix: '10.10.0.0/16' }]
    await apply(kernel, plan({ addresses: ['10.5.0.1/24', '10.5.0.3/24'], routes }), signal)
    const before = dumpNetns(client)
    await expect(apply(kernel, plan({ addresses: next, routes }, { mtu: 10 }), signal)).rejects.toThrow(
      'EINVAL',
    )
    expect(dumpNetns(client)).toEqual(before)
  })

  test('of the prefix length of an IPv6 address is one of that address', async () => {
    using kernel = netlinkKernel({ proc: writableProc })
    await apply(kernel, plan({ addresses: ['2001:db8::1/64'] }), signal)
    const { ends } = await apply(kernel, plan({ addresses: ['2001:db8::1/126'] }), signal)
    using pod = kernel.open(client)
    expect(pod.addr.list(ends[0].index)).toContainEqual({ cidr: '2001:db8::1/126', origin: 'ours' })
    expect(pod.addr.list(ends[0].index)).not.toContainEqual({ cidr: '2001:db8::1/64', origin: 'ours' })
  })

  test('of an MTU that is too small for IPv6 to a larger one takes IPv6 addresses, and no advertisements', async () => {
    using kernel = netlinkKernel({ proc: writableProc })
    const small = { addresses: ['10.5.0.1/24'], mtu: 1000 }
    await apply(kernel, plan(small, { mtu: 1000 }), signal)
    const large = { addresses: ['10.5.0.1/24', '2001:db8::1/64'], mtu: 1400 }
    await apply(kernel, plan(large, { mtu: 1400 }), signal)
    const path = `${writableProc}/sys/net/ipv6/conf/nsm-1/accept_ra`
    expect(inNetns(client, () => readFileSync(path, 'utf8'))).toBe('0\n')
    expect((await apply(kernel, plan(large, { mtu: 1400 }), signal)).changes).toEqual([])
    await apply(kernel, plan(small, { mtu: 1000 }), signal)
  })
})
