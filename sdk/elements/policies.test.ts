import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { type PolicyRoute, PolicyRouteSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import { ipContextOf } from './endpoint-step.ts'
import { requestOf, run } from './fixture.ts'
import { policies } from './policies.ts'

const policy = (from: string, dstPort: string) => create(PolicyRouteSchema, { from, dstPort })

describe('policies', () => {
  it('policies() gives the client its policies and their sources, and a refresh the ones of then', async () => {
    let current: readonly PolicyRoute[] = [policy('172.16.2.201/24', '80'), policy('', '81')]
    const step = policies(() => Promise.resolve(current))
    const connection = await run(step, requestOf({ context: { ipContext: { srcIpAddrs: ['10.0.0.1/32'] } } }))
    expect(ipContextOf(connection)).toMatchObject({
      srcIpAddrs: ['10.0.0.1/32', '172.16.2.201/24'],
      policies: [{ from: '172.16.2.201/24', dstPort: '80' }, { dstPort: '81' }],
    })
    expect(await run(step, { ...requestOf(), connection })).toEqual(connection)
    current = []
    expect(ipContextOf(await run(step, { ...requestOf(), connection })).policies).toEqual([])
  })
})
