import { describe } from 'vitest'
import { applyContract } from './apply-contract.ts'
import { blockContract } from './block-contract.ts'
import { type KernelHarness, kernelContract } from './contract.ts'
import { FakeKernel } from './fake.ts'
import { policyContract } from './policy-contract.ts'
import { probeContract } from './probe-contract.ts'
import { ruleContract } from './rule-contract.ts'
import { tunnelContract } from './tunnel-contract.ts'

function fakeHarness(): KernelHarness {
  const kernel = new FakeKernel()
  return {
    kernel,
    addNetns: () => kernel.addNetns(),
    removeNetns: netns => kernel.removeNetns(netns),
    addForeignAddress: (netns, index, cidr) => kernel.addForeignAddress(netns, index, cidr),
    addForeignRule: (netns, table) => kernel.addForeignRule(netns, table),
    [Symbol.asyncDispose]: async () => kernel[Symbol.dispose](),
  }
}

describe('FakeKernel', () => {
  kernelContract(fakeHarness)
  probeContract(fakeHarness)
  applyContract(fakeHarness)
  tunnelContract(fakeHarness)
  blockContract(fakeHarness, { noTun: '', noWireguard: '' })
  ruleContract(fakeHarness)
  policyContract(fakeHarness)
})
