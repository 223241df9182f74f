import { describe } from 'vitest'
import { FakeKernel } from '#kernel/fake.ts'
import { forwarderContract } from './contract.ts'
import type { ForwarderHarness } from './fixture.ts'
import { leaveContract } from './leave-contract.ts'
import { oneEndContract } from './one-end-contract.ts'
import { proberContract } from './prober-contract.ts'
import { tunnelContract } from './tunnel-contract.ts'

function fakeHarness(): ForwarderHarness {
  const kernel = new FakeKernel()
  return {
    kernel,
    addNetns: () => kernel.addNetns(),
    removeNetns: netns => kernel.removeNetns(netns),
    [Symbol.asyncDispose]: async () => kernel[Symbol.dispose](),
  }
}

describe('a forwarder over the fake kernel', () => {
  forwarderContract(fakeHarness)
  tunnelContract(fakeHarness)
  oneEndContract(fakeHarness)
  leaveContract(fakeHarness)
  proberContract(fakeHarness)
})
