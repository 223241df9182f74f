import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { apply } from './apply.ts'
import { encodeAddressKey } from './codec/address.ts'
import { attribute } from './codec/attribute.ts'
import { encodeIp } from './codec/ip.ts'
import { flag } from './codec/message.ts'
import type { RequestName } from './codec/rtnetlink.ts'
import { mac, u8, u32 } from './codec/value.ts'
import { dumpNetns } from './dump.ts'
import type { EndPlan, VethPlan } from './link-plan.ts'
import { netlinkKernel } from './netlink.ts'
import { createNetns, type Netns } from './netns.ts'
import { remove } from './remove.ts'
import { temporaryFolder, writableProc } from './scratch.ts'
import { openSocketIn } from './socket.ts'

const { signal } = new AbortController()

const rich: Pick<EndPlan, 'addresses' | 'routes' | 'neighbours' | 'policies'> = {
  addresses: ['172.16.1.101/32', '172.16.2.201/24', '2004::3/120'],
  routes: [
    { prefix: '172.16.1.100/32' },
    { prefix: '172.16.9.0/24', via: '172.16.1.100' },
    { prefix: '2005::/64', via: '2004::6' },
  ],
  neighbours: [{ address: '172.16.1.100', mac: '02:00:00:00:00:02' }],
  policies: [
    {
      from: '172.16.2.0/24',
      protocol: 6,
      destinationPorts: { first: 6666, last: 6666 },
      routes: [{ prefix: '172.16.3.0/24', via: '172.16.2.200' }],
    },
    {
      protocol: 17,
      sourcePorts: { first: 6667, last: 6670 },
      routes: [{ prefix: '0.0.0.0/0' }, { prefix: '::/0' }],
    },
  ],
}

const poor: typeof rich = { addresses: ['172.16.1.103/32'], routes: [], neighbours: [], policies: [] }

/** What a rich connection is in its pod; attributes by their numbers, 78 (4e) is our mark. */
const golden = [
  'addr 10.120.0 dev nsm-1 1=20040000000000000000000000000003 8=82000000 11=4e',
  'addr 2.24.0 dev nsm-1 1=ac1002c9 2=ac1002c9 3=6e736d2d3100 11=4e 8=80000000',
  'addr 2.32.0 dev nsm-1 1=ac100165 2=ac100165 3=6e736d2d3100 11=4e 8=80000000',
  'link nsm-1 veth "nsm:c1:src" any mtu 1500 group 7238509 up accept_ra 0',
  'neigh 2.128.0 dev nsm-1 1=ac100164 2=020000000002 12=4e',
  'route 10.0.0.0.2.78.0.1 dev nsm-1 15=02000000 6=00040000 20=00',
  'route 10.120.0.0.254.2.0.1 dev nsm-1 15=fe000000 1=20040000000000000000000000000000 6=00010000 20=00',
  'route 10.64.0.0.254.78.0.1 dev nsm-1 15=fe000000 1=20050000000000000000000000000000 6=00040000 5=20040000000000000000000000000006 20=00',
  'route 2.0.0.0.2.78.253.1 dev nsm-1 15=02000000',
  'route 2.24.0.0.1.78.0.1 dev nsm-1 15=01000000 1=ac100300 5=ac1002c8',
  'route 2.24.0.0.254.2.253.1 dev nsm-1 15=fe000000 1=ac100200 7=ac1002c9',
  'route 2.24.0.0.254.78.0.1 dev nsm-1 15=fe000000 1=ac100900 5=ac100164',
  'route 2.32.0.0.254.78.253.1 dev nsm-1 15=fe000000 1=ac100164',
  'route 2.32.0.0.255.2.253.3 dev nsm-1 15=ff000000 1=ac1002ff 7=ac1002c9',
  'route 2.32.0.0.255.2.254.2 dev nsm-1 15=ff000000 1=ac100165 7=ac100165',
  'route 2.32.0.0.255.2.254.2 dev nsm-1 15=ff000000 1=ac1002c9 7=ac1002c9',
  'rule 10.0.0.0.2.0.0.1 15=02000000 14=ffffffff 21=4e 6=fc7f0000 23=0b1a0e1a 22=11 13=9bf78657',
  'rule 2.0.0.0.2.0.0.1 15=02000000 14=ffffffff 21=4e 6=fc7f0000 23=0b1a0e1a 22=11 13=9bf78657',
  'rule 2.0.24.0.1.0.0.1 15=01000000 14=ffffffff 21=4e 6=fd7f0000 24=0a1a0a1a 22=06 13=9bf78657 2=ac100200',
]

/** Told by Linux 6.15 and later. */
const portMask = / (28|29)=ffff/

describe('what others have in a pod', () => {
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

  function plan(source: typeof rich): VethPlan {
    return {
      id: 'c1',
      kind: 'veth',
      ends: [
        { netns: client, name: 'nsm-1', alias: 'nsm:c1:src', ...source },
        { netns: endpoint, name: 'nse', alias: 'nsm:c1:dst', ...poor, addresses: ['172.16.1.100/32'] },
      ],
    }
  }

  function change(name: RequestName, ...parts: readonly Uint8Array[]): void {
    using socket = openSocketIn(client)
    socket.change({ name, flags: flag.create, body: Buffer.concat(parts), doing: 'making something foreign' })
  }

  /** Address, routes in the main table and in table 1, rule and neighbour, none of them ours, by one interface. */
  function addForeign(index: number, net: string): void {
    change('RTM_NEWADDR', encodeAddressKey(index, `${net}.1/24`))
    for (const table of [254, 1]) {
      const header = Buffer.of(2, 24, 0, 0, table, 4, 253, 1, 0, 0, 0, 0)
      change(
        'RTM_NEWROUTE',
        header,
        attribute(1, encodeIp('10.77.0.0')),
        attribute(4, u32(index)),
        attribute(6, u32(index)),
      )
    }
    const rule = Buffer.of(2, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0)
    change('RTM_NEWRULE', rule, attribute(6, u32(100 + index)), attribute(21, u8(4)))
    const entry = Buffer.alloc(12)
    entry.writeUInt8(2, 0)
    entry.writeInt32LE(index, 4)
    entry.writeUInt16LE(0x80, 8)
    change('RTM_NEWNEIGH', entry, attribute(1, encodeIp(`${net}.9`)), attribute(2, mac('02:00:00:00:00:77')))
  }

  test('is the same after a connection came, changed, was refreshed and went', async () => {
    using kernel = netlinkKernel({ proc: writableProc })
    using pod = kernel.open(client)
    pod.link.createBridge('br-pod')
    const bridge = pod.link.get('br-pod')?.index ?? 0
    pod.link.set(bridge, { admin: 'up' })
    addForeign(bridge, '10.66.1')
    const before = dumpNetns(client)
    await apply(kernel, plan(rich), signal)
    const wired = dumpNetns(client)
    expect(wired).toEqual(expect.arrayContaining([...before]))
    expect((await apply(kernel, plan(rich), signal)).changes).toEqual([])
    expect(dumpNetns(client)).toEqual(wired)
    await apply(kernel, plan(poor), signal)
    await apply(kernel, plan(rich), signal)
    expect(dumpNetns(client)).toEqual(wired)
    await remove(kernel, 'c1', [client, endpoint])
    expect(dumpNetns(client)).toEqual(before)
  })

  test('stays on our own interface too, through every change', async () => {
    using kernel = netlinkKernel({ proc: writableProc })
    const { ends } = await apply(kernel, plan(poor), signal)
    const bare = dumpNetns(client)
    addForeign(ends[0].index, '10.66.2')
    const foreign = dumpNetns(client).filter(line => !bare.includes(line))
    expect(foreign.length).toBeGreaterThan(4)
    await apply(kernel, plan(rich), signal)
    expect(dumpNetns(client)).toEqual(expect.arrayContaining(foreign))
    await apply(kernel, plan(poor), signal)
    expect(dumpNetns(client)).toEqual([...bare, ...foreign].toSorted())
  })

  test('a rich connection looks as the dump says', async () => {
    using kernel = netlinkKernel({ proc: writableProc })
    const before = dumpNetns(client)
    await apply(kernel, plan(rich), signal)
    const made = dumpNetns(client).filter(line => !before.includes(line))
    expect(made.map(line => line.replace(portMask, ''))).toEqual(golden)
  })
})
