import { describe } from 'vitest'
import { netlinkHarness } from '#kernel/netlink-harness.ts'
import { forwarderContract } from './contract.ts'
import { leaveContract } from './leave-contract.ts'
import { oneEndContract } from './one-end-contract.ts'
import { proberContract } from './prober-contract.ts'
import { tunnelContract } from './tunnel-contract.ts'

describe('a forwarder over the real kernel', () => {
  forwarderContract(netlinkHarness)
  tunnelContract(netlinkHarness)
  oneEndContract(netlinkHarness)
  leaveContract(netlinkHarness)
  proberContract(netlinkHarness)
})
