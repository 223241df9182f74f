import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  addressesOf,
  answersTo,
  clientPod,
  endpointPod,
  kill,
  Manifests,
  type ProgramName,
  serviceObject,
} from './fixture.ts'
import { connectionsOf, eventually, meshNamed } from './nsm.ts'

const mesh = meshNamed('t-features')
const manifests = new Manifests()
const single = { NSM_ADDRESS_PAIR: '32' } as const

/** The policies of NSM v1's example policy-based-routing. */
const policies = `
- { from: 172.16.2.201/24, proto: 6, dstport: 6666, routes: [{ prefix: 172.16.3.0/24, nexthop: 172.16.2.200 }] }
- { from: 172.16.2.201/24, proto: 6, srcport: 5555 }
- { proto: 17, dstport: 6666 }
- { proto: 17, dstport: 6667-6670 }
- { from: "2004::3/120", proto: 17, dstport: 5555, routes: [{ prefix: "2004::5/120", nexthop: "2004::6" }] }
`

/** The five lookups that NSM v1 makes after most of its heal tests, and what the kernel has to say. */
const lookups = [
  {
    ask: '172.16.3.1 from 172.16.2.201 ipproto tcp dport 6666',
    answer: '172.16.3.1 from 172.16.2.201 via 172.16.2.200 dev nsm-1 table 1',
  },
  {
    ask: '172.16.3.1 from 172.16.2.201 ipproto tcp sport 5555',
    answer: '172.16.3.1 from 172.16.2.201 dev nsm-1 table 2',
  },
  { ask: '172.16.4.1 ipproto udp dport 6666', answer: '172.16.4.1 dev nsm-1 table 3 src 172.16.1.101' },
  { ask: '172.16.4.1 ipproto udp dport 6668', answer: '172.16.4.1 dev nsm-1 table 4 src 172.16.1.101' },
  {
    ask: '2004::5 from 2004::3 ipproto udp dport 5555',
    answer: '2004::5 from 2004::3 via 2004::6 dev nsm-1 table 5 src 2004::3',
  },
] as const

/** What a client's kernel says to the five lookups. */
async function lookedUp(pod: string): Promise<readonly string[]> {
  const each = lookups.map(({ ask }) => `ip route get ${ask}`).join('; ')
  const said = await mesh.ok('exec', pod, '--', 'sh', '-c', each)
  return said
    .split('\n')
    .filter(line => line.includes(' dev '))
    .map(line =>
      line
        .trim()
        .replace(/ proto \S+/, '')
        .replace(/ (uid|metric|cache|pref) .*/, '')
        .trim(),
    )
}

async function cidrsOf(pod: string): Promise<readonly string[]> {
  return (await addressesOf(mesh, pod)).map(({ cidr }) => cidr)
}

function bare(cidr: string | undefined): string {
  return cidr?.split('/')[0] ?? ''
}

describe('NSM v1’s features, with the addresses of its examples', () => {
  beforeAll(async () => {
    const objects = [
      serviceObject('pbr'),
      endpointPod('nse-pbr', 'pbr', {
        ...single,
        NSM_CIDR_PREFIX: '172.16.1.100/31',
        NSM_PBR_CONFIG_PATH: manifests.file('policies', policies),
        node: 'node-2',
      }),
      clientPod('nsc-pbr', 'kernel://pbr/nsm-1', { node: 'node-1' }),
      serviceObject('excluding'),
      endpointPod('nse-excluding', 'excluding', {
        ...single,
        NSM_CIDR_PREFIX: '172.16.1.200/30',
        node: 'node-2',
      }),
      clientPod('nsc-excluding', 'kernel://excluding/nsm-1', { node: 'node-1' }),
      ...['first', 'second'].flatMap((name, index) => [
        serviceObject(name),
        endpointPod(`nse-${name}`, name, {
          ...single,
          NSM_CIDR_PREFIX: '172.16.1.96/29',
          node: `node-${index + 1}`,
        }),
      ]),
      clientPod('nsc-both', 'kernel://first/nsm-1, kernel://second/nsm-2', { node: 'node-1' }),
    ]
    const excluded = '172.16.1.201/32,172.16.1.202/32'
    await mesh.ok(
      'up',
      '--nodes',
      '2',
      '--excluded-prefixes',
      excluded,
      '-f',
      manifests.file('all', ...objects),
    )
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it('exclude-prefixes: excluded addresses in the middle of a pool are stepped over', async () => {
    expect(await cidrsOf('nse-excluding')).toEqual(['172.16.1.200/32'])
    expect(await cidrsOf('nsc-excluding')).toEqual(['172.16.1.203/32'])
    expect(await answersTo(mesh, { from: 'nsc-excluding', to: '172.16.1.200' })).toBe(1)
    expect(await answersTo(mesh, { from: 'nse-excluding', to: '172.16.1.203' })).toBe(1)
  })

  it('exclude-prefixes-client: the second service leaves the addresses of the first alone', async () => {
    // Both services are asked for at once: whichever comes first has the first pair.
    const client = await addressesOf(mesh, 'nsc-both')
    expect(client.map(({ ifname }) => ifname)).toEqual(['nsm-1', 'nsm-2'])
    expect(client.map(({ cidr }) => cidr).toSorted()).toEqual(['172.16.1.97/32', '172.16.1.99/32'])
    const endpoints = [...(await cidrsOf('nse-first')), ...(await cidrsOf('nse-second'))]
    expect(endpoints.toSorted()).toEqual(['172.16.1.96/32', '172.16.1.98/32'])
    const pings = [
      ...endpoints.map(cidr => ({ from: 'nsc-both', to: bare(cidr) })),
      { from: 'nse-first', to: bare(client[0]?.cidr) },
      { from: 'nse-second', to: bare(client[1]?.cidr) },
    ]
    expect(await Promise.all(pings.map(ping => answersTo(mesh, ping)))).toEqual([1, 1, 1, 1])
  })

  it('policy-based-routing: the five lookups find their tables', async () => {
    expect(await cidrsOf('nsc-pbr')).toEqual(['172.16.1.101/32', '172.16.2.201/24', '2004::3/120'])
    expect(await lookedUp('nsc-pbr')).toEqual(lookups.map(({ answer }) => answer))
    expect(await answersTo(mesh, { from: 'nsc-pbr', to: '172.16.1.100' })).toBe(1)
  })

  it.each<{ readonly story: string; readonly victims: readonly ProgramName[] }>([
    { story: 'local-forwarder-death', victims: [{ program: 'forwarder', node: 'node-1' }] },
    { story: 'remote-forwarder-death', victims: [{ program: 'forwarder', node: 'node-2' }] },
    {
      story: 'local-forwarder-remote-forwarder',
      victims: [
        { program: 'forwarder', node: 'node-1' },
        { program: 'forwarder', node: 'node-2' },
      ],
    },
    { story: 'local-nsmgr-restart', victims: [{ program: 'manager', node: 'node-1' }] },
    { story: 'remote-nsmgr-restart', victims: [{ program: 'manager', node: 'node-2' }] },
    {
      story: 'local-nsmgr-remote-nsmgr',
      victims: [
        { program: 'manager', node: 'node-1' },
        { program: 'manager', node: 'node-2' },
      ],
    },
    {
      story: 'registry-remote-forwarder',
      victims: [{ program: 'registry' }, { program: 'forwarder', node: 'node-2' }],
    },
    {
      story: 'registry-remote-nsmgr',
      victims: [{ program: 'registry' }, { program: 'manager', node: 'node-2' }],
    },
  ])('$story: the same interface, tables and addresses answer', async ({ victims }) => {
    const before = await mesh.ok('exec', 'nsc-pbr', '--', 'ip', '-o', 'link', 'show', 'nsm-1')
    for (const victim of victims) await kill(mesh, victim)
    await eventually('both nodes know the connection, up', async () => {
      const done = await mesh.run('connections', '--json')
      const rows = done.code === 0 ? await connectionsOf(mesh) : []
      return rows.some(({ client, connection }) => client.name === 'nsc-pbr' && connection.state !== 'DOWN')
        ? true
        : undefined
    })
    expect(await answersTo(mesh, { from: 'nsc-pbr', to: '172.16.1.100', count: 3 })).toBe(3)
    expect(await answersTo(mesh, { from: 'nse-pbr', to: '172.16.1.101', count: 3 })).toBe(3)
    expect(await lookedUp('nsc-pbr')).toEqual(lookups.map(({ answer }) => answer))
    expect(await mesh.ok('exec', 'nsc-pbr', '--', 'ip', '-o', 'link', 'show', 'nsm-1')).toBe(before)
  })

  it('dataplane-interrupt: an interface that is set down comes back with its tables', async () => {
    await mesh.ok('exec', 'nsc-pbr', '--', 'ip', 'link', 'set', 'nsm-1', 'down')
    await eventually('the endpoint answers again', async () =>
      (await answersTo(mesh, { from: 'nsc-pbr', to: '172.16.1.100' })) === 1 ? true : undefined,
    )
    expect(await lookedUp('nsc-pbr')).toEqual(lookups.map(({ answer }) => answer))
  })

  it.each<{ readonly story: string; readonly node: string; readonly victims: readonly ProgramName[] }>([
    { story: 'local-nse-death', node: 'node-1', victims: [] },
    { story: 'remote-nse-death', node: 'node-2', victims: [] },
    { story: 'registry-local-endpoint', node: 'node-1', victims: [{ program: 'registry' }] },
    {
      story: 'remote-nsmgr-remote-endpoint',
      node: 'node-2',
      victims: [{ program: 'manager', node: 'node-2' }],
    },
  ])('$story: another endpoint takes over, with its own addresses and the same tables', async row => {
    const { story, node, victims } = row
    const replacement = endpointPod(`nse-${story}`, 'pbr', {
      ...single,
      NSM_CIDR_PREFIX: '172.16.1.102/31',
      NSM_PBR_CONFIG_PATH: manifests.file('policies', policies),
      node,
    })
    const file = manifests.file(story, replacement)
    const [former] = (await connectionsOf(mesh)).filter(({ client }) => client.name === 'nsc-pbr')
    for (const victim of victims) await kill(mesh, victim)
    await mesh.ok('apply', '-f', file)
    await mesh.ok('delete', 'pod', former?.endpoint.name ?? '')
    await eventually('the client has the addresses of the other endpoint', async () =>
      (await cidrsOf('nsc-pbr'))[0] === '172.16.1.103/32' &&
      (await answersTo(mesh, { from: 'nsc-pbr', to: '172.16.1.102' })) === 1
        ? true
        : undefined,
    )
    const moved = lookups.map(({ answer }) => answer.replace('172.16.1.101', '172.16.1.103'))
    expect(await lookedUp('nsc-pbr')).toEqual(moved)
    expect(await cidrsOf('nsc-pbr')).toEqual(['172.16.1.103/32', '172.16.2.201/24', '2004::3/120'])
  })

  it.each(['node-1', 'node-2'])(
    'ipam-policies: clients of a %s endpoint that ends have only the next one’s addresses and routes',
    async node => {
      const service = `moving-${node}`
      const endpoint = (number: number, policy: string) =>
        endpointPod(`nse-${number}-${node}`, service, {
          ...single,
          NSM_CIDR_PREFIX: `172.16.${number}.0/29`,
          NSM_IPAM_POLICY: policy,
          node,
        })
      const clients = [1, 2].map(number => `nsc-${number}-${node}`)
      await mesh.ok(
        'apply',
        '-f',
        manifests.file(
          service,
          serviceObject(service),
          endpoint(1, 'polite'),
          ...clients.map(name => clientPod(name, `kernel://${service}/nsm-1`, { node: 'node-1' })),
        ),
      )
      const first = await Promise.all(clients.map(cidrsOf))
      expect(first.flat().toSorted()).toEqual(['172.16.1.1/32', '172.16.1.3/32'])
      await mesh.ok('apply', '-f', manifests.file(`${service}-2`, endpoint(2, 'strict')))
      await mesh.ok('delete', 'pod', `nse-1-${node}`)
      await eventually('both clients have moved', async () => {
        const now = await Promise.all(clients.map(cidrsOf))
        return now.flat().toSorted().join(' ') === '172.16.2.1/32 172.16.2.3/32' ? true : undefined
      })
      for (const client of clients) {
        const [own] = await cidrsOf(client)
        const other = own === '172.16.2.1/32' ? '172.16.2.0' : '172.16.2.2'
        expect(await answersTo(mesh, { from: client, to: other })).toBe(1)
        expect(await answersTo(mesh, { from: `nse-2-${node}`, to: bare(own) })).toBe(1)
        const routes = await mesh.ok('exec', client, '--', 'ip', '-4', 'route')
        expect(
          routes
            .split('\n')
            .filter(line => line !== '')
            .map(line => line.split(' ')[0]),
        ).toEqual([other])
      }
    },
  )
})
