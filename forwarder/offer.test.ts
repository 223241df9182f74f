import { expect, test } from 'vitest'
import { FakeKernel } from '#kernel/fake.ts'
import { type Log, silent } from '#sdk/log.ts'
import { mechanismsOf } from './mechanisms.ts'
import { offeredTunnel } from './offer.ts'

/** A node with two networks; the default route is by the first, of 1500 bytes. */
function node(): FakeKernel {
  const kernel = new FakeKernel()
  const own = kernel.openOwn()
  for (const [name, cidr] of [
    ['eth0', '198.51.100.5/24'],
    ['eth1', '2001:db8:1::5/64'],
  ] as const) {
    own.link.createBridge(name)
    const index = own.link.get(name)?.index ?? 0
    own.link.set(index, { admin: 'up', ...(name === 'eth1' ? { mtu: 9000 } : {}) })
    own.addr.add(index, cidr)
  }
  own.route.add(own.link.get('eth0')?.index ?? 0, { prefix: '0.0.0.0/0', via: '198.51.100.1' })
  return kernel
}

test.each([
  { what: 'the address of the default route', tunnelIp: '', address: '198.51.100.5', mtu: 1450 },
  { what: 'the address that is configured', tunnelIp: '2001:db8:1::5', address: '2001:db8:1::5', mtu: 8930 },
])('offeredTunnel() takes $what, and what fits its interface', ({ tunnelIp, address, mtu }) => {
  const offer = offeredTunnel(node(), { tunnelIp, vxlanPort: 14789 }, silent)
  expect(offer).toEqual({ address, port: 14789, mtu })
  expect(mechanismsOf(offer).remoteMechanisms).toMatchObject([
    { cls: 'REMOTE', type: 'VXLAN', parameters: { src_ip: address, src_port: '14789', MTU: `${mtu}` } },
  ])
})

test('offeredTunnel() offers nothing and says why when the node has no default route', () => {
  const lines: string[] = []
  const log: Log = { ...silent, info: (_fields, message) => void lines.push(message) }
  expect(offeredTunnel(new FakeKernel(), { tunnelIp: '', vxlanPort: 14789 }, log)).toBeUndefined()
  expect(lines).toEqual([expect.stringMatching(/no default route; set NSM_TUNNEL_IP/)])
  expect(mechanismsOf().remoteMechanisms).toEqual([])
})

test('offeredTunnel() throws BAD_CONFIG when no interface has the address', () => {
  const wishes = { tunnelIp: '203.0.113.9', vxlanPort: 14789 }
  expect(() => offeredTunnel(node(), wishes, silent)).toThrow(
    expect.objectContaining({ code: 'BAD_CONFIG', message: expect.stringContaining('NSM_TUNNEL_IP') }),
  )
})
