import { describe, expect, it } from 'vitest'
import { nodesWithoutSockets } from './wait-sockets.ts'

const key = 'networkservicemesh.io/socket'

describe('nodesWithoutSockets()', () => {
  it.each([
    { name: 'has sockets', change: { allocatable: { [key]: '440' } }, listed: false },
    { name: 'has not told of any yet', change: { allocatable: {} }, listed: true },
    { name: 'has lost its device plugin', change: { allocatable: { [key]: '0' } }, listed: true },
    { name: 'is not ready', change: { conditions: [{ type: 'Ready', status: 'Unknown' }] }, listed: false },
    { name: 'takes no pods', spec: { unschedulable: true }, listed: false },
    { name: 'is not Linux', os: 'windows', listed: false },
  ])('a node that $name: $listed', ({ change = {}, spec = {}, os = 'linux', listed }) => {
    const node = {
      metadata: { name: 'a', labels: { 'kubernetes.io/os': os } },
      spec,
      status: { conditions: [{ type: 'Ready', status: 'True' }], ...change },
    }
    expect(nodesWithoutSockets([node])).toEqual(listed ? ['a'] : [])
  })
})
