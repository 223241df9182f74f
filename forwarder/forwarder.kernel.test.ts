import { describe } from 'vitest'
import { netlinkHarness } from '#kernel/netlink-harness.ts'
import { forwarderContract } from './contract.ts'

describe('a forwarder over the real kernel', () => {
  forwarderContract(netlinkHarness)
})
