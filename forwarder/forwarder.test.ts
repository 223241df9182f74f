import { describe } from 'vitest'
import { FakeKernel } from '#kernel/fake.ts'
import { forwarderContract } from './contract.ts'

describe('a forwarder over the fake kernel', () => {
  forwarderContract(() => {
    const kernel = new FakeKernel()
    return {
      kernel,
      addNetns: () => kernel.addNetns(),
      removeNetns: netns => kernel.removeNetns(netns),
      [Symbol.asyncDispose]: async () => kernel[Symbol.dispose](),
    }
  })
})
