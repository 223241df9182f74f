import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { ConnectionRecordSchema } from '#sdk/wire/gen/admin/admin_pb.ts'
import { joinRecords } from './join-records.ts'

const local = (name: string) => ({ cls: 'LOCAL', type: 'KERNEL', parameters: { name } })
const tunnel = { cls: 'REMOTE', type: 'VXLAN', parameters: { vni: '7' } }

const near = create(ConnectionRecordSchema, {
  node: 'node-1',
  connection: { id: 'c' },
  client: { name: 'client' },
  endpoint: { name: '?' },
  crossConnect: { source: { mechanism: local('nsm0') }, destination: { mechanism: tunnel } },
})
const far = create(ConnectionRecordSchema, {
  node: 'node-2',
  connection: { id: 'c' },
  endpoint: { name: 'gateway' },
  crossConnect: { source: { mechanism: tunnel }, destination: { mechanism: local('nsm7') } },
})
const alone = create(ConnectionRecordSchema, {
  node: 'node-1',
  connection: { id: 'd' },
  client: { name: 'other' },
  crossConnect: { source: { mechanism: local('a') }, destination: { mechanism: local('b') } },
})

describe('joinRecords()', () => {
  it.each([
    { story: 'the client’s node first', records: [near, far] },
    { story: 'the endpoint’s node first', records: [far, near] },
  ])('makes one of what two nodes tell, $story', ({ records }) => {
    const joined = joinRecords(records)
    expect(joined).toHaveLength(1)
    expect(joined[0]).toMatchObject({
      node: 'node-1',
      endpointNode: 'node-2',
      client: { name: 'client' },
      endpoint: { name: 'gateway' },
      tunnel: { type: 'VXLAN' },
      crossConnect: {
        source: { mechanism: { parameters: { name: 'nsm0' } } },
        destination: { mechanism: { parameters: { name: 'nsm7' } } },
      },
    })
  })

  it('leaves what is on one node as it is', () => {
    expect(joinRecords([alone])).toMatchObject([{ node: 'node-1', endpointNode: 'node-1' }])
    expect(joinRecords([alone])[0]?.tunnel).toBeUndefined()
  })

  it('shows one half whose other is missing, without a node for it', () => {
    expect(joinRecords([near])).toMatchObject([{ node: 'node-1', endpointNode: '' }])
    expect(joinRecords([far])).toMatchObject([{ node: 'node-2', endpointNode: '' }])
  })
})
