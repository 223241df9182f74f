import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeAttributes } from './codec/attribute.ts'
import { readU32 } from './codec/value.ts'
import { netlinkKernel } from './netlink.ts'
import { createNetns, inNetns, type Netns } from './netns.ts'
import { temporaryFolder, writableProc } from './scratch.ts'
import { openSocketIn } from './socket.ts'

const conf = `${writableProc}/sys/net/ipv6/conf`
const IFA_FLAGS = 8
const IFA_F_TENTATIVE = 0x40

describe('addr.add() of an IPv6 address', () => {
  test('makes an address that can be used at once: nothing asks first whether somebody else has it', () => {
    using folder = temporaryFolder()
    using pod = createNetns(`${folder.path}/pod`)
    using kernel = netlinkKernel({ proc: writableProc })
    using namespace = kernel.open(pod)
    namespace.link.createVeth({ name: 'a' }, { name: 'b', namespace })
    for (const name of ['a', 'b']) namespace.link.set(indexOf(name), { admin: 'up' })
    namespace.addr.add(indexOf('a'), '2001:db8::1/64')
    expect(flagsOf(pod, '20010db8000000000000000000000001') & IFA_F_TENTATIVE).toBe(0)

    function indexOf(name: string): number {
      return namespace.link.get(name)?.index ?? 0
    }
  })

  test('turns IPv6 on for that one interface of a pod that has it off', () => {
    using folder = temporaryFolder()
    using pod = createNetns(`${folder.path}/pod`)
    inNetns(pod, () => {
      for (const name of ['all', 'default']) writeFileSync(`${conf}/${name}/disable_ipv6`, '1')
    })
    using kernel = netlinkKernel({ proc: writableProc })
    using namespace = kernel.open(pod)
    namespace.link.createVeth({ name: 'a' }, { name: 'b', namespace })
    const index = namespace.link.get('a')?.index ?? 0
    namespace.addr.add(index, '10.0.0.1/30')
    namespace.addr.add(index, '2001:db8::1/64')
    const cidrs = namespace.addr.list(index).map(({ cidr }) => cidr)
    expect(cidrs).toEqual(expect.arrayContaining(['10.0.0.1/30', '2001:db8::1/64']))
    const off = (name: string) =>
      inNetns(pod, () => readFileSync(`${conf}/${name}/disable_ipv6`, 'utf8').trim())
    expect([off('a'), off('b'), off('all')]).toEqual(['0', '1', '1'])
  })

  test('says what is off and what to do when it cannot be turned on', () => {
    using folder = temporaryFolder()
    using pod = createNetns(`${folder.path}/pod`)
    inNetns(pod, () => writeFileSync(`${conf}/default/disable_ipv6`, '1'))
    using kernel = netlinkKernel({ proc: folder.path })
    using namespace = kernel.open(pod)
    namespace.link.createVeth({ name: 'a' }, { name: 'b', namespace })
    const index = namespace.link.get('a')?.index ?? 0
    expect(() => namespace.addr.add(index, '2001:db8::1/64')).toThrow(
      /adding address 2001:db8::1\/64.*net\.ipv6\.conf\.a\.disable_ipv6.*NSM_PROC.*EACCES/,
    )
  })
})

/** IFA_FLAGS of an address, which is given in hexadecimal. */
function flagsOf(pod: Netns, address: string): number {
  using socket = openSocketIn(pod)
  const dump = socket.dump({ name: 'RTM_GETADDR', body: Buffer.alloc(8), doing: 'listing addresses' })
  const found = dump.find(({ body }) => body.toString('hex').includes(address))
  const flags = found === undefined ? undefined : decodeAttributes(found.body.subarray(8)).get(IFA_FLAGS)
  return flags === undefined ? IFA_F_TENTATIVE : readU32(flags)
}
