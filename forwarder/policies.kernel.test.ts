import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { apply } from '#kernel/apply.ts'
import { attribute, decodeAttributes } from '#kernel/codec/attribute.ts'
import { decodeIp, encodeIp, familyOf } from '#kernel/codec/ip.ts'
import { readU32, u8 } from '#kernel/codec/value.ts'
import { netlinkKernel } from '#kernel/netlink.ts'
import { createNetns, type Netns } from '#kernel/netns.ts'
import { remove } from '#kernel/remove.ts'
import { temporaryFolder } from '#kernel/scratch.ts'
import { openSocketIn } from '#kernel/socket.ts'
import { exampleCrossConnect } from './example.ts'
import { planLinks } from './plan.ts'

/** The policies of NSM v1's example policy-based-routing; the endpoint gives each `from` to the client as an address. */
const context = {
  ipContext: {
    srcIpAddrs: ['172.16.1.101/32', '172.16.2.201/24', '2004::3/120'],
    dstIpAddrs: ['172.16.1.100/32'],
    policies: [
      {
        from: '172.16.2.201/24',
        proto: '6',
        dstPort: '6666',
        routes: [{ prefix: '172.16.3.0/24', nextHop: '172.16.2.200' }],
      },
      { from: '172.16.2.201/24', proto: '6', srcPort: '5555' },
      { proto: '17', dstPort: '6666' },
      { proto: '17', dstPort: '6667-6670' },
      {
        from: '2004::3/120',
        proto: '17',
        dstPort: '5555',
        routes: [{ prefix: '2004::5/120', nextHop: '2004::6' }],
      },
    ],
  },
}

/** What `ip route get` asks, and what it must answer, in the words of the example. */
const lookups = [
  {
    to: '172.16.3.1',
    how: { from: '172.16.2.201', protocol: 6, destinationPort: 6666 },
    is: '172.16.3.1 via 172.16.2.200 dev nsm-1 table 1',
  },
  {
    to: '172.16.3.1',
    how: { from: '172.16.2.201', protocol: 6, sourcePort: 5555 },
    is: '172.16.3.1 dev nsm-1 table 2',
  },
  {
    to: '172.16.4.1',
    how: { protocol: 17, destinationPort: 6666 },
    is: '172.16.4.1 dev nsm-1 table 3 src 172.16.1.101',
  },
  {
    to: '172.16.4.1',
    how: { protocol: 17, destinationPort: 6668 },
    is: '172.16.4.1 dev nsm-1 table 4 src 172.16.1.101',
  },
  {
    to: '2004::5',
    how: { from: '2004::3', protocol: 17, destinationPort: 5555 },
    is: '2004::5 via 2004::6 dev nsm-1 table 5 src 2004::3',
  },
] as const

interface Packet {
  readonly from?: string
  readonly protocol: number
  readonly sourcePort?: number
  readonly destinationPort?: number
}

describe('policies on the real kernel', () => {
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

  /** As one life of the forwarder does it. */
  async function request(to: Netns = endpoint): Promise<readonly string[]> {
    using kernel = netlinkKernel()
    const source = { name: 'nsm-1', netns: client }
    const destination = { name: 'nse', netns: to }
    const plan = planLinks(exampleCrossConnect({ source, destination, context }))
    return (await apply(kernel, plan, AbortSignal.timeout(5000))).changes
  }

  /** Equivalent to: `ip route get TO [from FROM] ipproto N [sport N] [dport N]` */
  function lookUp(to: string, { from, protocol, sourcePort, destinationPort }: Packet): string {
    using socket = openSocketIn(client)
    const bytes = encodeIp(to)
    const header = Buffer.alloc(12)
    header.set([familyOf(bytes), bytes.length * 8, from === undefined ? 0 : bytes.length * 8])
    // IPv6 always tells the table, and refuses to be asked for it.
    if (bytes.length === 4) header.writeUInt32LE(RTM_F_LOOKUP_TABLE, 8)
    const body = Buffer.concat([
      header,
      attribute(1, bytes),
      ...(from === undefined ? [] : [attribute(2, encodeIp(from))]),
      attribute(27, u8(protocol)),
      ...(sourcePort === undefined ? [] : [attribute(28, bigEndian(sourcePort))]),
      ...(destinationPort === undefined ? [] : [attribute(29, bigEndian(destinationPort))]),
    ])
    const answer = socket.get({ name: 'RTM_GETROUTE', body, doing: `looking up ${to}` })
    const found = decodeAttributes(answer.body.subarray(12))
    const word = (name: string, type: number, read: (value: Buffer) => string | number) => {
      const value = found.get(type)
      return value === undefined ? '' : ` ${name} ${read(value)}`
    }
    const nameOf = (value: Buffer) => nameAt(readU32(value))
    return `${to}${word('via', 5, decodeIp)}${word('dev', 4, nameOf)}${word('table', 15, readU32)}${word('src', 7, decodeIp)}`
  }

  function nameAt(index: number): string {
    using kernel = netlinkKernel()
    using pod = kernel.open(client)
    return pod.link.list().find(link => link.index === index)?.name ?? ''
  }

  function setAdmin(admin: 'up' | 'down'): void {
    using kernel = netlinkKernel()
    using pod = kernel.open(client)
    pod.link.set(pod.link.get('nsm-1')?.index ?? 0, { admin })
  }

  function expectLookups(): void {
    expect(lookups.map(({ to, how }) => lookUp(to, how))).toEqual(lookups.map(({ is }) => is))
  }

  test('the five lookups of the example policy-based-routing resolve as NSM v1 says, tables 1 to 5', async () => {
    await request()
    expectLookups()
  })

  test.each([
    {
      what: 'a refresh by another life of the forwarder',
      disturb: async () => {
        expect(await request()).toEqual([])
      },
    },
    {
      what: 'the link was set down and a request heals it',
      disturb: async () => {
        setAdmin('down')
        await request()
      },
    },
    {
      what: 'the endpoint is another',
      disturb: async (folder: string) => void (await request(owned.use(createNetns(`${folder}/next`)))),
    },
    {
      what: 'the endpoint died and another takes over',
      disturb: async (folder: string) => {
        endpoint[Symbol.dispose]()
        await request(owned.use(createNetns(`${folder}/next`)))
      },
    },
  ])('they still do after $what', async ({ disturb }) => {
    await request()
    const folder = owned.use(temporaryFolder())
    await disturb(folder.path)
    expectLookups()
  })

  test('two endpoints may give a client the same addresses, and policies steer between them', async () => {
    using kernel = netlinkKernel()
    const folder = owned.use(temporaryFolder())
    for (const [at, policy] of [
      { proto: '6', dstPort: '6666' },
      { proto: '17', dstPort: '5555' },
    ].entries()) {
      const routes = [{ prefix: '172.16.1.100/32' }]
      const same = { srcIpAddrs: ['172.16.1.101/32'], dstIpAddrs: ['172.16.1.100/32'] }
      const plan = planLinks(
        exampleCrossConnect({
          id: `x${at}`,
          source: { name: `nsm-${at + 1}`, netns: client },
          destination: { name: 'nse', netns: owned.use(createNetns(`${folder.path}/nse-${at}`)) },
          context: { ipContext: { ...same, policies: [{ ...policy, from: '172.16.1.101/32', routes }] } },
        }),
      )
      await apply(kernel, plan, AbortSignal.timeout(5000))
    }
    const from = '172.16.1.101'
    expect([
      lookUp('172.16.1.100', { from, protocol: 6, destinationPort: 6666 }),
      lookUp('172.16.1.100', { from, protocol: 17, destinationPort: 5555 }),
    ]).toEqual(['172.16.1.100 dev nsm-1 table 1', '172.16.1.100 dev nsm-2 table 2'])
  })

  test('a close leaves the rules as they were before', async () => {
    using kernel = netlinkKernel()
    const rules = () => {
      using pod = kernel.open(client)
      return pod.rule.list()
    }
    const before = rules()
    await request()
    expect(rules().length).toBeGreaterThan(before.length)
    await remove(kernel, 'x1', [client, endpoint])
    expect(rules()).toEqual(before)
  })
})

function bigEndian(port: number): Buffer {
  return Buffer.of(port >> 8, port & 255)
}

const RTM_F_LOOKUP_TABLE = 0x1000
