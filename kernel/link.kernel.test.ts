import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { netlinkKernel } from './netlink.ts'
import { createNetns, inNetns } from './netns.ts'
import { temporaryFolder } from './scratch.ts'

const acceptRa = () => readFileSync('/proc/sys/net/ipv6/conf/same/accept_ra', 'utf8').trim()

test('refuseAdvertisements() turns them off for one interface of one namespace, and says no for none', () => {
  using folder = temporaryFolder()
  using pod = createNetns(`${folder.path}/pod`)
  using other = createNetns(`${folder.path}/other`)
  using kernel = netlinkKernel({ proc: process.env['NSM_PROC'] ?? '/proc' })
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
