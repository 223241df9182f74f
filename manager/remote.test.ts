import { describe, expect, it } from 'vitest'
import { memoryRegistry } from '#registry/memory.ts'
import { fakeEndpoint } from './fake-endpoint.ts'
import { fakeForwarder } from './fake-forwarder.ts'
import { addressOf, requestFor, testNode } from './fixture.ts'

const listen = 'tcp://127.0.0.1:0'

describe('two managers', () => {
  it('connect a client of one to an endpoint of the other, under one id, and close it on both', async () => {
    const registry = memoryRegistry()
    await using here = await testNode({ registry, node: 'here', listen })
    await using there = await testNode({ registry, node: 'there', listen })
    await using near = await fakeForwarder(here.baseDir)
    await using far = await fakeForwarder(there.baseDir)
    await using endpoint = await fakeEndpoint(there, await there.pod('gateway'), { service: 'vpn' })
    const client = await here.pod('client')

    const answer = await client.service.request(requestFor('vpn', { id: 'mine', name: 'vpn0' }))

    expect(answer).toMatchObject({ id: 'mine', mechanism: { type: 'KERNEL', parameters: { name: 'vpn0' } } })
    expect(answer.path?.pathSegments.map(({ name }) => name)).toEqual(['client', 'here', 'there'])
    expect(addressOf(answer)).toBe('10.0.0.1/30')
    const [nearEnd] = near.wired.values()
    const [farEnd] = far.wired.values()
    expect(nearEnd).toMatchObject({
      source: { mechanism: { cls: 'LOCAL' } },
      destination: { mechanism: { cls: 'REMOTE', type: 'VXLAN' } },
    })
    expect(farEnd).toMatchObject({
      id: nearEnd?.id,
      source: { mechanism: { cls: 'REMOTE', type: 'VXLAN' } },
      destination: { mechanism: { cls: 'LOCAL' } },
    })
    const steps = (await here.events())
      .filter(({ connectionId }) => connectionId !== '')
      .map(({ step }) => step)
    expect(steps).toEqual([
      'requested',
      'registry-queried',
      'endpoint-selected',
      'endpoint-requested',
      'remote-replied',
      'client-interface',
      'replied',
    ])
    const farSteps = (await there.events())
      .filter(({ connectionId }) => connectionId === nearEnd?.id)
      .map(({ step }) => step)
    expect(farSteps).toContain('endpoint-interface')

    await client.service.close(answer)
    expect([near.wired.size, far.wired.size, endpoint.closed.length]).toEqual([0, 0, 1])
    expect([...(await here.connections()), ...(await there.connections())]).toEqual([])
  })

  it('pass a refusal on, and undo what was begun on both nodes', async () => {
    const registry = memoryRegistry()
    await using here = await testNode({ registry, node: 'here', listen })
    await using there = await testNode({ registry, node: 'there', listen })
    await using near = await fakeForwarder(here.baseDir)
    await using far = await fakeForwarder(there.baseDir)
    await using endpoint = await fakeEndpoint(there, await there.pod('gateway'), { service: 'vpn' })
    near.failure = new Error('no')
    const client = await here.pod('client')
    await expect(client.service.request(requestFor('vpn'))).rejects.toMatchObject({ code: 'INTERNAL' })
    expect([near.wired.size, far.wired.size, endpoint.closed.length]).toEqual([0, 0, 1])
    expect([...(await here.connections()), ...(await there.connections())]).toEqual([])
  })

  it('are NO_ENDPOINT when the other one cannot be reached or is not served', async () => {
    const registry = memoryRegistry()
    await using here = await testNode({ registry, node: 'here' })
    await using there = await testNode({ registry, node: 'there' })
    await using _near = await fakeForwarder(here.baseDir)
    await using _endpoint = await fakeEndpoint(there, await there.pod('gateway'), { service: 'vpn' })
    const client = await here.pod('client')
    await expect(client.service.request(requestFor('vpn'))).rejects.toMatchObject({
      code: 'NO_ENDPOINT',
      message: expect.stringMatching(/NSMD_API_ADDRESS/),
    })
  })
})
