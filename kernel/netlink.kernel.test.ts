import { existsSync } from 'node:fs'
import { describe } from 'vitest'
import { applyContract } from './apply-contract.ts'
import { blockContract } from './block-contract.ts'
import { kernelContract } from './contract.ts'
import { netlinkKernel } from './netlink.ts'
import { netlinkHarness } from './netlink-harness.ts'
import { policyContract } from './policy-contract.ts'
import { probeContract } from './probe-contract.ts'
import { ruleContract } from './rule-contract.ts'
import { tunnelContract } from './tunnel-contract.ts'

describe('netlinkKernel()', () => {
  kernelContract(netlinkHarness)
  probeContract(netlinkHarness)
  applyContract(netlinkHarness)
  tunnelContract(netlinkHarness)
  blockContract(netlinkHarness, {
    noTun: existsSync('/dev/net/tun') ? '' : 'no /dev/net/tun',
    noWireguard: hasWireguard() ? '' : 'this kernel has no wireguard',
  })
  ruleContract(netlinkHarness)
  policyContract(netlinkHarness)
})

function hasWireguard(): boolean {
  using kernel = netlinkKernel()
  using own = kernel.openOwn()
  return own.link.supports('wireguard') === 'yes'
}
