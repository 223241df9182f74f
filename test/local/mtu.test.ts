import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientPod, endpointPod, Manifests, serviceObject } from './fixture.ts'
import { tunnelsOf } from './node.ts'
import { connectionsOf, meshNamed } from './nsm.ts'

/** IPv4 header and ICMP header, or IPv6 header and ICMPv6 header (RFC 791, 792, 8200, 4443). */
const headers = { ipv4: 28, ipv6: 48 } as const

describe.each([
  { underlay: 'ipv4', underlayMtu: 9000, tunnelMtu: 8950, local: '10.240.0.1', remote: '10.240.0.2' },
  { underlay: 'ipv6', underlayMtu: 1400, tunnelMtu: 1330, local: 'fd00:240::1', remote: 'fd00:240::2' },
] as const)('an $underlay underlay with an MTU of $underlayMtu', row => {
  const mesh = meshNamed(`t-mtu-${row.underlay}`)
  const manifests = new Manifests()
  const pair = { NSM_ADDRESS_PAIR: '32', IP_ADDRESS: '172.16.1.100/31,2001:db8::/116' } as const

  /** Sends a packet of so many bytes that no node may take apart; says whether the answer came. */
  async function passes(client: string, family: keyof typeof headers, bytes: number): Promise<boolean> {
    const to = family === 'ipv4' ? '172.16.1.100' : '2001:db8::'
    const ping = ['ping', '-q', '-c', '1', '-W', '2', '-M', 'do', '-s', String(bytes - headers[family]), to]
    return (await mesh.run('exec', client, '--', ...ping)).code === 0
  }

  async function mtusOf(service: string): Promise<readonly (number | undefined)[]> {
    const connection = (await connectionsOf(mesh)).find(each => each.connection.networkService === service)
    const ends = await Promise.all(
      [`nsc-${service}`, `nse-${service}`].map(async pod => {
        const links: readonly { readonly ifname: string; readonly mtu: number }[] = JSON.parse(
          await mesh.ok('exec', pod, '--', 'ip', '-j', 'link'),
        )
        return links.find(({ ifname }) => ifname !== 'lo')?.mtu
      }),
    )
    return [...ends, connection?.connection.context.MTU]
  }

  beforeAll(async () => {
    const objects = [
      { service: 'near', node: 'node-1', more: {} },
      { service: 'far', node: 'node-2', more: {} },
      { service: 'near-small', node: 'node-1', more: { NSM_MTU: '1300' } },
      { service: 'far-small', node: 'node-2', more: { NSM_MTU: '1300' } },
      { service: 'far-large', node: 'node-2', more: { NSM_MTU: '60000' } },
    ].flatMap(({ service, node, more }) => [
      serviceObject(service),
      endpointPod(`nse-${service}`, service, { ...pair, ...more, node }),
      clientPod(`nsc-${service}`, `kernel://${service}/nsm-1`, { node: 'node-1' }),
    ])
    const network = ['--underlay', row.underlay, '--underlay-mtu', String(row.underlayMtu)]
    await mesh.ok('up', '--nodes', '2', ...network, '-f', manifests.file('all', ...objects))
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it('a tunnel leaves room for its own headers, and goes between the addresses of that family', async () => {
    expect(await mtusOf('far')).toEqual([row.tunnelMtu, row.tunnelMtu, row.tunnelMtu])
    expect(await tunnelsOf(mesh, 'nsc-far')).toMatchObject([
      { local: row.local, remote: row.remote, mtu: row.tunnelMtu },
    ])
  })

  it.each(['ipv4', 'ipv6'] as const)(
    'the largest %s packet passes the tunnel whole, a larger one is refused',
    async family => {
      expect(await passes('nsc-far', family, row.tunnelMtu)).toBe(true)
      expect(await passes('nsc-far', family, row.tunnelMtu + 1)).toBe(false)
    },
  )

  it('what an endpoint asks for is heeded at both ends, on one node and between two', async () => {
    expect(await mtusOf('near-small')).toEqual([1300, 1300, 1300])
    expect(await mtusOf('far-small')).toEqual([1300, 1300, 1300])
    expect(await passes('nsc-far-small', 'ipv4', 1300)).toBe(true)
    expect(await passes('nsc-far-small', 'ipv4', 1301)).toBe(false)
  })

  it('what no tunnel can carry is cut down to what it can', async () => {
    expect(await mtusOf('far-large')).toEqual([row.tunnelMtu, row.tunnelMtu, row.tunnelMtu])
    expect(await passes('nsc-far-large', 'ipv4', row.tunnelMtu)).toBe(true)
  })

  it('pods of one node have the MTU of a veth pair', async () => {
    expect((await mtusOf('near')).slice(0, 2)).toEqual([1500, 1500])
    expect(await passes('nsc-near', 'ipv4', 1500)).toBe(true)
  })
})
