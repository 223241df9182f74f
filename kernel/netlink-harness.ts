import { encodeAddressKey } from './codec/address.ts'
import { attribute } from './codec/attribute.ts'
import { flag } from './codec/message.ts'
import { u32 } from './codec/value.ts'
import type { KernelHarness } from './contract.ts'
import { netlinkKernel } from './netlink.ts'
import { createNetns, type Netns } from './netns.ts'
import { temporaryFolder, writableProc } from './scratch.ts'
import { openSocketIn } from './socket.ts'

/** For tests: the real kernel with namespaces of its own, which go when it is disposed of. */
export function netlinkHarness(): KernelHarness {
  const owned = new DisposableStack()
  const folder = owned.use(temporaryFolder())
  const kernel = owned.use(netlinkKernel({ proc: writableProc }))
  const namespaces = new Map<bigint, Netns>()
  return {
    kernel,
    addNetns() {
      const netns = owned.use(createNetns(`${folder.path}/${namespaces.size}`))
      namespaces.set(netns.cookie, netns)
      return { cookie: netns.cookie, inode: netns.inode }
    },
    removeNetns: ({ cookie }) => namespaces.get(cookie)?.[Symbol.dispose](),
    addForeignAddress({ cookie }, index, cidr) {
      using socket = openSocketIn(namespaces.get(cookie) ?? { path: '' })
      const body = encodeAddressKey(index, cidr)
      socket.change({ name: 'RTM_NEWADDR', flags: flag.create, body, doing: 'adding a foreign address' })
    },
    addForeignRule({ cookie }, table) {
      using socket = openSocketIn(namespaces.get(cookie) ?? { path: '' })
      // struct fib_rule_hdr, and FRA_PRIORITY.
      const body = Buffer.concat([
        Buffer.of(2, 0, 0, 0, table, 0, 0, 1, 0, 0, 0, 0),
        attribute(6, u32(20_000 + table)),
      ])
      socket.change({ name: 'RTM_NEWRULE', flags: flag.create, body, doing: 'adding a foreign rule' })
    },
    [Symbol.asyncDispose]: async () => owned.dispose(),
  }
}
