import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { apply } from './apply.ts'
import { addUnderlay } from './example-underlay.ts'
import { list } from './list.ts'
import { netlinkKernel } from './netlink.ts'
import { createNetns, inNetns } from './netns.ts'
import { temporaryFolder, writableProc } from './scratch.ts'

const acceptRa = () => readFileSync('/proc/sys/net/ipv6/conf/same/accept_ra', 'utf8').trim()

test('refuseAdvertisements() turns them off for one interface of one namespace, and says no for none', () => {
  using folder = temporaryFolder()
  using pod = createNetns(`${folder.path}/pod`)
  using other = createNetns(`${folder.path}/other`)
  using kernel = netlinkKernel({ proc: writableProc })
  using namespace = kernel.open(pod)
  using peer = kernel.open(other)
  namespace.link.createVeth({ name: 'same' }, { name: 'same', namespace: peer })
  expect(namespace.link.refuseAdvertisements('same')).toBe('yes')
  expect([inNetns(pod, acceptRa), inNetns(other, acceptRa)]).toEqual(['0', '1'])
  expect(namespace.link.refuseAdvertisements('nowhere')).toBe('no')
})

test('remove() lets the event loop run while the kernel waits, and may outlive its namespace', async () => {
  using folder = temporaryFolder()
  using pod = createNetns(`${folder.path}/pod`)
  using kernel = netlinkKernel()
  const namespace = kernel.open(pod)
  namespace.link.createBridge('br')
  const index = namespace.link.get('br')?.index ?? 0
  let turns = 0
  const turn = () => {
    turns++
    timer = setImmediate(turn)
  }
  let timer = setImmediate(turn)
  const removed = namespace.link.remove(index)
  namespace[Symbol.dispose]()
  await removed
  clearImmediate(timer)
  expect(turns).toBeGreaterThan(2)
  using again = kernel.open(pod)
  expect(again.link.get('br')).toBeUndefined()
})

test('apply() of a tunnel says so when another program has its UDP port, and leaves nothing', async () => {
  using folder = temporaryFolder()
  using pod = createNetns(`${folder.path}/pod`)
  using kernel = netlinkKernel()
  addUnderlay(kernel)
  await using other = createSocket('udp4')
  await new Promise<void>(resolve => other.bind(14_800, '0.0.0.0', resolve))
  const none = { addresses: [], routes: [], neighbours: [], policies: [] }
  const ends = [{ netns: pod, name: 'nsm0', alias: 'nsm:x:src', ...none }] as const
  const tunnel = { vni: 77, local: '192.0.2.1', remote: '192.0.2.2', port: 14_800 }
  await expect(
    apply(kernel, { id: 'x', kind: 'vxlan', ends, tunnel }, AbortSignal.timeout(5000)),
  ).rejects.toThrow(/UDP port 14800: another program of this node has that port.*NSM_VXLAN_PORT/)
  expect(list(kernel, [pod])).toEqual([])
})

test('supports() says what this kernel can make, and makes nothing', () => {
  using kernel = netlinkKernel()
  using own = kernel.openOwn()
  const before = own.link.list().length
  expect(own.link.supports('vxlan')).toBe('yes')
  if (own.link.supports('wireguard') === 'no')
    expect(() => own.link.getWireguard(1)).toThrow(/no WireGuard; load its module.*EOPNOTSUPP/)
  expect(own.link.list()).toHaveLength(before)
})

test('a refusal says what was done where, in the words of the kernel', () => {
  using folder = temporaryFolder()
  using pod = createNetns(`${folder.path}/pod`)
  using kernel = netlinkKernel()
  using namespace = kernel.open(pod)
  const mtu = () => namespace.link.set(1, { mtu: 0xffff_ffff })
  expect(mtu).toThrow(
    new RegExp(`changing interface 1 in network namespace ${pod.cookie} .*\\(E[A-Z]+ from RTM_SETLINK\\)`),
  )
})
