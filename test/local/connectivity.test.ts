import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addressesOf, answersTo, clientPod, endpointPod, Manifests, serviceObject } from './fixture.ts'
import { tunnelsOf } from './node.ts'
import { connectionsOf, meshNamed } from './nsm.ts'

/** NSM v1's use cases for kernel interfaces: how client and endpoint are joined. */
const placements = [
  { kind: 'kernel2kernel', endpointNode: 'node-1', payload: 'ETHERNET', service: 'an object' },
  { kind: 'kernel2ethernet2kernel', endpointNode: 'node-2', payload: 'ETHERNET', service: 'an object' },
  { kind: 'kernel2ip2kernel', endpointNode: 'node-2', payload: 'IP', service: 'an object' },
  // The suite "memory": nobody applies a network service.
  { kind: 'memory-kernel2kernel', endpointNode: 'node-1', payload: 'ETHERNET', service: 'registered' },
  {
    kind: 'memory-kernel2ethernet2kernel',
    endpointNode: 'node-2',
    payload: 'ETHERNET',
    service: 'registered',
  },
] as const

/** The addresses of NSM v1's examples. */
const families = [
  {
    family: 'ipv4',
    pools: '172.16.1.100/31',
    nse: ['172.16.1.100/32'],
    nsc: ['172.16.1.101/32'],
  },
  { family: 'ipv6', pools: '2001:db8::/116', nse: ['2001:db8::/128'], nsc: ['2001:db8::1/128'] },
  {
    family: 'dual-stack',
    pools: '172.16.1.100/31,2001:db8::/116',
    nse: ['172.16.1.100/32', '2001:db8::/128'],
    nsc: ['172.16.1.101/32', '2001:db8::1/128'],
  },
] as const

const cases = placements.flatMap(placement =>
  families
    .filter(({ family }) => placement.service === 'an object' || family === 'ipv4')
    .map(addresses => ({ ...placement, ...addresses, name: `${placement.kind}-${addresses.family}` })),
)

const mesh = meshNamed('t-connect')
const manifests = new Manifests()

describe('NSM v1’s use cases, with the addresses of its examples', () => {
  beforeAll(async () => {
    const objects = cases.flatMap(({ name, endpointNode, payload, service, pools }) => [
      ...(service === 'an object' ? [serviceObject(name, payload)] : []),
      endpointPod(`nse-${name}`, name, {
        NSM_CIDR_PREFIX: pools,
        NSM_ADDRESS_PAIR: '32',
        NSM_REGISTER_SERVICE: String(service === 'registered'),
        NSM_PAYLOAD: payload,
        node: endpointNode,
      }),
      clientPod(`nsc-${name}`, `kernel://${name}/nsm-1`, { node: 'node-1' }),
    ])
    await mesh.ok('up', '--nodes', '2', '-f', manifests.file('all', ...objects))
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it.each(cases)('$name: both ends have exactly these addresses, and answer each other', async row => {
    const [client, endpoint] = [`nsc-${row.name}`, `nse-${row.name}`]
    const ends = await Promise.all([client, endpoint].map(pod => addressesOf(mesh, pod)))
    expect(ends[0]).toEqual(row.nsc.map(cidr => ({ ifname: 'nsm-1', cidr })))
    expect(ends[1]?.map(({ cidr }) => cidr)).toEqual(row.nse)
    const pings = [
      ...row.nse.map(cidr => ({ from: client, to: cidr.replace(/\/.*/, '') })),
      ...row.nsc.map(cidr => ({ from: endpoint, to: cidr.replace(/\/.*/, '') })),
    ]
    expect(await Promise.all(pings.map(ping => answersTo(mesh, ping)))).toEqual(pings.map(() => 1))
  })

  it.each(cases)('$name: the link is what the nodes of its ends ask for', async row => {
    const connection = (await connectionsOf(mesh)).find(({ client }) => client.name === `nsc-${row.name}`)
    const tunnels = await tunnelsOf(mesh, `nsc-${row.name}`)
    if (row.endpointNode === 'node-1') {
      expect(connection?.tunnel).toBeUndefined()
      expect(tunnels).toEqual([])
    } else {
      expect(connection?.tunnel?.type).toBe('VXLAN')
      expect(tunnels).toMatchObject([{ name: 'nsm-1', mtu: 1450, local: '10.240.0.1', remote: '10.240.0.2' }])
    }
  })
})
