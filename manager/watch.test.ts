import { describe, expect, it } from 'vitest'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import { fakeEndpoint } from './fake-endpoint.ts'
import { fakeForwarder } from './fake-forwarder.ts'
import { eventually, requestFor, type TestNode, testNode } from './fixture.ts'

async function stateOf(node: TestNode): Promise<State | undefined> {
  return (await node.connections())[0]?.connection?.state
}

describe('a forwarder', () => {
  it.each(['source', 'destination'] as const)(
    'that loses the %s ends the connection, and the endpoint is told',
    async end => {
      await using node = await testNode()
      await using forwarder = await fakeForwarder(node.baseDir)
      await using endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
      await (await node.pod('client')).service.request(requestFor('vpn'))
      const [id = ''] = forwarder.wired.keys()
      forwarder.lose(id, end)
      await eventually('the endpoint is told', () => (endpoint.closed.length > 0 ? true : undefined))
      await eventually('the connection is closed', async () =>
        (await node.connections()).length === 0 ? true : undefined,
      )
    },
  )

  it('that loses the pod of an endpoint moves its client to another that offers the service', async () => {
    await using node = await testNode()
    await using forwarder = await fakeForwarder(node.baseDir)
    await using one = await fakeEndpoint(node, await node.pod('one'), { service: 'vpn' })
    await (await node.pod('client')).service.request(requestFor('vpn'))
    await using two = await fakeEndpoint(node, await node.pod('two'), { service: 'vpn', subnet: '10.9.9' })
    const [id = ''] = forwarder.wired.keys()
    forwarder.lose(id, 'destination')
    await eventually('the other is asked', () => (two.asked.length === 1 ? true : undefined))
    await eventually('the connection is moved', async () =>
      (await node.connections()).find(({ endpoint }) => endpoint?.name === 'two'),
    )
    expect(one.asked).toHaveLength(1)
    expect(forwarder.wired.get(id)?.source?.context?.ipContext?.srcIpAddrs).toEqual(['10.9.9.1/30'])
  })

  it('that is late with the word of a deletion does not end the connection that has come since', async () => {
    await using node = await testNode()
    await using forwarder = await fakeForwarder(node.baseDir)
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    await client.service.close(await client.service.request(requestFor('vpn')))
    await client.service.request(requestFor('vpn'))
    const [id = ''] = forwarder.wired.keys()
    forwarder.repeatDeletion(id)
    await eventually('it is made again', () => (forwarder.asked.length === 3 ? true : undefined))
    expect(await node.connections()).toHaveLength(1)
  })

  it('whose links were deleted between two living pods makes them again', async () => {
    await using node = await testNode()
    await using forwarder = await fakeForwarder(node.baseDir)
    await using endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    await (await node.pod('client')).service.request(requestFor('vpn'))
    const [id = ''] = forwarder.wired.keys()
    forwarder.lose(id, 'both')
    await eventually('the forwarder is asked again', () => (forwarder.asked.length === 2 ? true : undefined))
    expect(endpoint.closed).toEqual([])
    expect(await node.connections()).toHaveLength(1)
  })

  it('that goes leaves its connections down, and up when it comes back with them', async () => {
    await using node = await testNode()
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    const before = await fakeForwarder(node.baseDir)
    await client.service.request(requestFor('vpn'))
    await before[Symbol.asyncDispose]()
    await eventually('it is down', async () => ((await stateOf(node)) === State.DOWN ? true : undefined))
    expect((await node.admin.status({})).forwarders).toEqual([])
    await using _after = await fakeForwarder(node.baseDir, { wired: before.wired })
    await eventually('it is up', async () => ((await stateOf(node)) === State.UP ? true : undefined))
    expect(before.wired.size).toBe(1)
  })

  it('that was away when a connection ended removes its links before it serves again', async () => {
    await using node = await testNode()
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const [one, two] = [await node.pod('one'), await node.pod('two')]
    const before = await fakeForwarder(node.baseDir)
    await one.service.request(requestFor('vpn'))
    await two.service.request(requestFor('vpn'))
    await before[Symbol.asyncDispose]()
    await eventually('it is gone', async () =>
      (await node.admin.status({})).forwarders.length === 0 ? true : undefined,
    )
    await one.service.close({ id: 'vpn-nsm0' })
    await using after = await fakeForwarder(node.baseDir, { wired: before.wired })
    expect(after.wired.size).toBe(1)
    expect((await node.connections()).map(({ client }) => client?.name)).toEqual(['two'])
  })

  it('that comes back while a connection is still ending removes its links', async () => {
    await using node = await testNode()
    await using endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    const before = await fakeForwarder(node.baseDir)
    await client.service.request(requestFor('vpn'))
    await before[Symbol.asyncDispose]()
    await eventually('it is gone', async () =>
      (await node.admin.status({})).forwarders.length === 0 ? true : undefined,
    )
    const told = Promise.withResolvers<void>()
    endpoint.closing = told.promise
    const closed = client.service.close({ id: 'vpn-nsm0' })
    await eventually('the endpoint is told', () => (endpoint.closed.length > 0 ? true : undefined))
    await using after = await fakeForwarder(node.baseDir, { wired: before.wired })
    expect(await node.connections()).toHaveLength(1)
    told.resolve()
    await closed
    expect(await node.connections()).toEqual([])
    expect(after.wired.size).toBe(0)
  })

  it('that does not answer is not taken into service', async () => {
    await using node = await testNode()
    await using forwarder = await fakeForwarder(node.baseDir)
    const registered = node.register({
      forwarderName: 'ghost',
      forwarderSocket: '/does/not/exist.sock',
      mechanisms: {},
    })
    await expect(registered).rejects.toMatchObject({ code: 'FORWARDER_UNAVAILABLE' })
    await expect(node.register({ forwarderName: '', forwarderSocket: '/x' })).rejects.toMatchObject({
      code: 'BAD_INPUT',
    })
    expect((await node.admin.status({})).forwarders).toEqual([forwarder.name])
  })

  it('that comes back without links is asked for them again', async () => {
    await using node = await testNode()
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const before = await fakeForwarder(node.baseDir)
    await (await node.pod('client')).service.request(requestFor('vpn'))
    await before[Symbol.asyncDispose]()
    await eventually('it is down', async () => ((await stateOf(node)) === State.DOWN ? true : undefined))
    await using after = await fakeForwarder(node.baseDir)
    await eventually('the links are there again', () => (after.wired.size === 1 ? true : undefined))
  })
})

describe('an endpoint', () => {
  it('that dies is withdrawn after a moment, and its connections are down', async () => {
    await using node = await testNode()
    await using _forwarder = await fakeForwarder(node.baseDir)
    const endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    await (await node.pod('client')).service.request(requestFor('vpn'))
    await endpoint[Symbol.asyncDispose]()
    await eventually('it is withdrawn', async () =>
      (await node.admin.status({})).endpoints === 0 ? true : undefined,
    )
    await eventually('its connection is down', async () =>
      (await stateOf(node)) === State.DOWN ? true : undefined,
    )
    expect((await node.events()).map(({ step }) => step)).toContain('endpoint-removed')
  })

  it('that comes back gets its connections again', async () => {
    await using node = await testNode()
    await using forwarder = await fakeForwarder(node.baseDir)
    const gateway = await node.pod('gateway')
    const before = await fakeEndpoint(node, gateway, { service: 'vpn', name: 'gw' })
    await (await node.pod('client')).service.request(requestFor('vpn'))
    await before[Symbol.asyncDispose]()
    await eventually('its connection is down', async () =>
      (await stateOf(node)) === State.DOWN ? true : undefined,
    )
    await using after = await fakeEndpoint(node, gateway, { service: 'vpn', name: 'gw' })
    await eventually('its connection is up', async () =>
      (await stateOf(node)) === State.UP ? true : undefined,
    )
    expect(after.asked[0]?.context?.ipContext?.srcIpAddrs).toEqual(['10.0.0.1/30'])
    expect(forwarder.wired.size).toBe(1)
  })
})
