import { expect, it } from 'vitest'
import { memoryRegistry } from '#registry/memory.ts'
import { endpointRecord } from '#registry/registry.contract.ts'
import { silent } from '#sdk/log.ts'
import { Channels } from './channels.ts'
import { Connections } from './connections.ts'
import type { PeerRow } from './journal.ts'
import { Peers } from './peers.ts'

it('a manager that ends seeks no other any more, and its journal says whom its successor has to ask', async () => {
  const rows = new Map<string, PeerRow>()
  const sought: string[] = []
  await using channels = new Channels('insecure')
  channels.remote = address => {
    sought.push(address)
    throw new Error('nobody is there')
  }
  const { services, endpoints } = memoryRegistry()
  const there = { ...endpointRecord('there', 'web'), node: 'node-2' }
  const record = { ...there, endpoint: { ...there.endpoint, url: 'tcp://192.0.2.2:5001' } }
  await endpoints.put(record)
  const peers = new Peers({
    node: 'node-1',
    registry: { services, endpoints },
    connections: new Connections({ all: () => [], unread: () => new Set(), put: () => {}, remove: () => {} }),
    channels,
    agent: () => expect.unreachable('nobody was heard'),
    peers: {
      all: () => [...rows.values()],
      put: row => void rows.set(row.id, row),
      remove: id => void rows.delete(id),
    },
    log: silent,
  })
  await peers[Symbol.asyncDispose]()
  {
    using _asking = peers.asking(record, 'c1')
    peers.owe('node-2')
  }
  await new Promise(resolve => setImmediate(resolve))
  expect(sought).toEqual([])
  expect([...rows.values()]).toEqual([{ id: 'node-2', url: 'tcp://192.0.2.2:5001' }])
})
