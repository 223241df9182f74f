import { describe } from 'vitest'
import { netlinkKernel } from '#kernel/netlink.ts'
import { createNetns, type Netns } from '#kernel/netns.ts'
import { temporaryFolder } from '#kernel/scratch.ts'
import { forwarderContract } from './contract.ts'
import type { ForwarderHarness } from './fixture.ts'

function realHarness(): ForwarderHarness {
  const owned = new DisposableStack()
  const folder = owned.use(temporaryFolder())
  const kernel = owned.use(netlinkKernel())
  const namespaces = new Map<bigint, Netns>()
  return {
    kernel,
    addNetns() {
      const netns = owned.use(createNetns(`${folder.path}/${namespaces.size}`))
      namespaces.set(netns.cookie, netns)
      return { cookie: netns.cookie, inode: netns.inode }
    },
    removeNetns: ({ cookie }) => namespaces.get(cookie)?.[Symbol.dispose](),
    [Symbol.asyncDispose]: async () => owned.dispose(),
  }
}

describe('a forwarder over the real kernel', () => {
  forwarderContract(realHarness)
})
