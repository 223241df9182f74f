import { expect, it } from 'vitest'
import { judgeKernels } from './kernels.ts'

it.each([
  { versions: ['6.1.0-13-amd64', '5.18.0', '7.0.1'], found: [] },
  { versions: ['5.14.0-427.el9.x86_64'], found: ['note Node n0: has Linux 5.14.0-427.el9.x86_64'] },
  { versions: ['5.10.0', '6.8.0', '5.10.0'], found: ['error Nodes n0, n2: has Linux 5.10.0'] },
  {
    versions: ['4.19.0', '5.13.9'],
    found: ['error Node n0: has Linux 4.19.0', 'error Node n1: has Linux 5.13.9'],
  },
  { versions: [undefined, 'odd'], found: [] },
])('judgeKernels() finds $found with $versions', ({ versions, found }) => {
  const nodes = versions.map((version, index) => ({
    metadata: { name: `n${index}` },
    status: { nodeInfo: version === undefined ? {} : { kernelVersion: version } },
  }))
  const lines = judgeKernels(nodes).map(
    ({ severity, object, finding }) => `${severity} ${object}: ${finding}`,
  )
  expect(lines).toEqual(found.map(text => expect.stringContaining(text) as string))
})
