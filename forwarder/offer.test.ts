import { expect, test } from 'vitest'
import { FakeKernel } from '#kernel/fake.ts'
import { type Log, silent } from '#sdk/log.ts'
import { findKeys } from './keys.ts'
import { mechanismsOf } from './mechanisms.ts'
import { offeredTunnels } from './offer.ts'

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
])('offeredTunnels() takes $what, and what fits its interface', ({ tunnelIp, address, mtu }) => {
  const kernel = node()
  const keys = findKeys(kernel)
  const offers = offeredTunnels(kernel, { tunnelIp, vxlanPort: 14789, keys }, silent)
  const { publicKey } = keys.own
  expect(mechanismsOf(...offers).remoteMechanisms).toMatchObject([
    { cls: 'REMOTE', type: 'VXLAN', parameters: { src_ip: address, src_port: '14789', MTU: `${mtu}` } },
    {
      cls: 'REMOTE',
      type: 'WIREGUARD',
      parameters: { src_ip: address, src_public_key: publicKey, MTU: `${mtu - 10}` },
    },
  ])
})

test('offeredTunnels() offers nothing and says why when the node has no default route', () => {
  const lines: string[] = []
  const log: Log = { ...silent, info: (_fields, message) => void lines.push(message) }
  const kernel = new FakeKernel()
  const wishes = { tunnelIp: '', vxlanPort: 14789, keys: findKeys(kernel) }
  expect(offeredTunnels(kernel, wishes, log)).toEqual([])
  expect(lines).toEqual([expect.stringMatching(/no default route; set NSM_TUNNEL_IP/)])
  expect(mechanismsOf().remoteMechanisms).toEqual([])
})

test('offeredTunnels() throws BAD_CONFIG when no interface has the address', () => {
  const kernel = node()
  const wishes = { tunnelIp: '203.0.113.9', vxlanPort: 14789, keys: findKeys(kernel) }
  expect(() => offeredTunnels(kernel, wishes, silent)).toThrow(
    expect.objectContaining({ code: 'BAD_CONFIG', message: expect.stringContaining('NSM_TUNNEL_IP') }),
  )
})
