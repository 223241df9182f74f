import { describe } from 'vitest'
import { applyContract } from './apply-contract.ts'
import { kernelContract } from './contract.ts'
import { netlinkHarness } from './netlink-harness.ts'

describe('netlinkKernel()', () => {
  kernelContract(netlinkHarness)
  applyContract(netlinkHarness)
})
