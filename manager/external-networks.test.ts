import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { ipContextOf } from '#sdk/elements/endpoint-step.ts'
import { NsmError } from '#sdk/errors.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import { ConnectionContextSchema, RouteSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { fakeEndpoint } from './fake-endpoint.ts'
import { type FakeForwarder, type FakeForwarderOptions, fakeForwarder } from './fake-forwarder.ts'
import { addressOf, eventually, requestFor, type TestNode, testNode } from './fixture.ts'

/** What joins pods to `lan` and nothing else: pairs of pods it leaves to others. */
const lan: FakeForwarderOptions = {
  name: 'lan-forwarder',
  local: [],
  remote: [],
  networks: [{ name: 'lan', networkServiceNames: ['office'], labels: { floor: '2' } }],
}

/** Gives out the addresses 10.8.0.2, 10.8.0.3 …, and what the request carries where it carries one. */
function withAddress(crossConnect: CrossConnect, number: number): CrossConnect {
  const { source } = crossConnect
  if (source === undefined) return crossConnect
  const before = ipContextOf(source).srcIpAddrs
  const context = create(ConnectionContextSchema, {
    ipContext: {
      ...ipContextOf(source),
      srcIpAddrs: before.length > 0 ? before : [`10.8.0.${number}/24`],
      srcRoutes: [create(RouteSchema, { prefix: '10.9.0.0/16', nextHop: '10.8.0.1' })],
    },
  })
  return { ...crossConnect, source: { ...source, context } }
}

async function lanForwarder(node: TestNode, options: FakeForwarderOptions = {}): Promise<FakeForwarder> {
  const forwarder = await fakeForwarder(node.baseDir, { ...lan, ...options })
  let number = 1
  forwarder.answer = crossConnect => withAddress(crossConnect, (number += 1))
  return forwarder
}

describe('an external network', () => {
  it('serves a pod like an endpoint, with the addresses of the forwarder', async () => {
    await using node = await testNode()
    await using forwarder = await lanForwarder(node)
    const client = await node.pod('client')
    const connection = await client.service.request(requestFor('office'))
    expect(connection.context?.ipContext).toMatchObject({
      srcIpAddrs: ['10.8.0.2/24'],
      srcRoutes: [{ prefix: '10.9.0.0/16', nextHop: '10.8.0.1' }],
    })
    expect(connection.networkServiceEndpointName).toBe('lan@lan-forwarder.node-1')
    expect(forwarder.asked).toMatchObject([
      {
        payload: 'IP',
        source: { mechanism: { cls: 'LOCAL', type: 'KERNEL', parameters: { name: 'nsm0' } } },
        destination: { mechanism: { cls: 'LOCAL', type: 'EXTERNAL', parameters: { network: 'lan' } } },
      },
    ])
    expect(await node.connections()).toMatchObject([
      { client: { name: 'client' }, endpoint: { name: 'lan' }, connection: { id: forwarder.asked[0]?.id } },
    ])
    const texts = (await node.events()).map(({ text }) => text)
    expect(texts).toContain('the external network lan offers office')
    expect(texts).toContain('chose the external network lan on this node')
  })

  it('needs no other forwarder, and pairs of pods are not given to its own', async () => {
    await using node = await testNode({ forwarderWaitMs: 50 })
    await using forwarder = await lanForwarder(node)
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    await client.service.request(requestFor('office'))
    await expect(client.service.request(requestFor('vpn', { name: 'nsm1' }))).rejects.toMatchObject({
      code: 'FORWARDER_UNAVAILABLE',
      message: expect.stringContaining('lan-forwarder joins no pods by kernel interfaces'),
    })
    expect(forwarder.asked).toHaveLength(1)
  })

  it('keeps the address over a refresh, and is left by a close', async () => {
    await using node = await testNode()
    await using forwarder = await lanForwarder(node)
    const client = await node.pod('client')
    const first = await client.service.request(requestFor('office'))
    const again = await client.service.request(requestFor('office'))
    expect(addressOf(again)).toBe(addressOf(first))
    await client.service.close(again)
    expect(forwarder.closed).toEqual([forwarder.asked[0]?.id])
    expect(await node.connections()).toEqual([])
  })

  it('is left when the pod of the client has gone', async () => {
    await using node = await testNode()
    await using forwarder = await lanForwarder(node)
    const client = await node.pod('client')
    await client.service.request(requestFor('office'))
    await node.nsmd.deletePod({ uid: client.uid })
    expect(forwarder.wired.size).toBe(0)
    expect(await node.connections()).toEqual([])
  })

  it.each([
    { story: 'is selected by its labels', floor: '2', finds: 'lan' },
    { story: 'is passed over when a match wants other labels', floor: '3', finds: undefined },
  ])('$story', async ({ floor, finds }) => {
    await using node = await testNode()
    await using _forwarder = await lanForwarder(node)
    await node.apply('office', [{ routes: [{ destinationSelector: { floor } }] }], 'nsm-system')
    const client = await node.pod('client')
    const request = client.service.request(requestFor('office'))
    if (finds === undefined) await expect(request).rejects.toMatchObject({ code: 'NO_ENDPOINT' })
    else expect(addressOf(await request)).toBe('10.8.0.2/24')
  })

  it('belongs to the namespace that it names', async () => {
    await using node = await testNode()
    await using _forwarder = await lanForwarder(node, {
      networks: [{ name: 'lan', networkServiceNames: ['office'], namespace: 'red' }],
    })
    const [red, blue] = [
      await node.pod('r', { namespace: 'red' }),
      await node.pod('b', { namespace: 'blue' }),
    ]
    expect(addressOf(await red.service.request(requestFor('office')))).toBe('10.8.0.2/24')
    await expect(blue.service.request(requestFor('office'))).rejects.toMatchObject({
      code: 'SERVICE_NOT_FOUND',
    })
  })

  it.each([
    {
      story: 'the forwarder has no address left',
      fails: () => {
        throw new NsmError('POOL_EXHAUSTED', 'no address left in 10.8.0.0/24')
      },
    },
    { story: 'the forwarder gives no address', fails: (crossConnect: CrossConnect) => crossConnect },
    {
      story: 'the address lies in an excluded prefix',
      fails: (crossConnect: CrossConnect) => withAddress(crossConnect, 77),
    },
  ])('gives way to an endpoint when $story, and nothing of it stays', async ({ fails }) => {
    await using node = await testNode({ excludedPrefixes: () => ['10.8.0.76/30'] })
    await using network = await lanForwarder(node)
    network.answer = fails
    await using _kernel = await fakeForwarder(node.baseDir, { name: 'kernel' })
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'office' })
    const client = await node.pod('client')
    const connection = await client.service.request(requestFor('office'))
    expect(addressOf(connection)).toBe('10.0.0.1/30')
    expect(network.asked).toHaveLength(1)
    expect(network.wired.size).toBe(0)
  })

  it('vanishes with its forwarder; its connections are down, and up again when it comes back', async () => {
    await using node = await testNode()
    const before = await lanForwarder(node)
    const client = await node.pod('client')
    await client.service.request(requestFor('office'))
    await before[Symbol.asyncDispose]()
    const stateOf = async () => (await node.connections())[0]?.connection?.state
    await eventually('DOWN', async () => ((await stateOf()) === State.DOWN ? true : undefined))
    const other = await node.pod('other')
    await eventually('the network leaves', async () =>
      (await node.admin.listEndpoints({})).endpoints.length === 0 ? true : undefined,
    )
    await expect(other.service.request(requestFor('office'))).rejects.toMatchObject({ code: 'NO_ENDPOINT' })
    await using _after = await lanForwarder(node, { wired: before.wired })
    await eventually('UP', async () => ((await stateOf()) === State.UP ? true : undefined))
    expect(addressOf((await node.connections())[0]?.connection)).toBe('10.8.0.2/24')
  })

  it('is known again after a restart of the manager when its forwarder has registered again', async () => {
    await using node = await testNode()
    const before = await lanForwarder(node)
    const client = await node.pod('client')
    await client.service.request(requestFor('office'))
    await node.restart()
    await before[Symbol.asyncDispose]()
    expect((await node.admin.listEndpoints({})).endpoints).toEqual([])
    await using after = await lanForwarder(node, { wired: before.wired })
    await eventually('UP', async () =>
      (await node.connections())[0]?.connection?.state === State.UP ? true : undefined,
    )
    const again = await client.service.request(requestFor('office'))
    expect(addressOf(again)).toBe('10.8.0.2/24')
    expect(after.closed).toEqual([])
  })

  it('cannot be taken over by a pod that registers an endpoint of its name', async () => {
    await using node = await testNode()
    await using _forwarder = await lanForwarder(node)
    const pod = await node.pod('thief')
    const theft = pod.endpoints.register({
      name: 'lan@lan-forwarder.node-1',
      networkServiceNames: ['office'],
    })
    await expect(theft).rejects.toMatchObject({ code: 'BAD_INPUT' })
  })

  it.each([
    { why: 'its name is none', network: { name: 'L A N', networkServiceNames: ['x'] } },
    { why: 'it names no network service', network: { name: 'lan' } },
    { why: 'is no service name', network: { name: 'lan', networkServiceNames: ['O'] } },
    { why: 'its namespace is', network: { name: 'lan', networkServiceNames: ['x'], namespace: 'a/b' } },
    { why: 'its payload is', network: { name: 'lan', networkServiceNames: ['x'], payload: 'SMOKE' } },
  ])('is refused when $why', async ({ why, network }) => {
    await using node = await testNode()
    const registration = node.register({
      forwarderName: 'bad',
      forwarderSocket: '/nowhere.sock',
      mechanisms: {},
      externalNetworks: [network],
    })
    await expect(registration).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining(why === 'its name is none' ? 'for its name' : why),
    })
    expect((await node.admin.status({})).forwarders).toEqual([])
  })
})

describe('several forwarders on a node', () => {
  it.each([
    {
      story: 'a label of the client names one',
      request: requestFor('vpn', { labels: { forwarder: 'two' } }),
      matches: [],
    },
    {
      story: 'a parameter of the mechanism names one',
      request: {
        ...requestFor('vpn'),
        mechanismPreferences: [
          { cls: 'LOCAL', type: 'KERNEL', parameters: { name: 'nsm0', forwarder: 'two' } },
        ],
      },
      matches: [],
    },
    {
      story: 'a match of the service asks for labels',
      request: requestFor('vpn'),
      matches: [{ routes: [{}], metadata: { labels: { speed: 'high' } } }],
    },
    {
      story: 'a match asks for a label with the value of one of the client',
      request: requestFor('vpn', { labels: { wish: 'high' } }),
      matches: [{ routes: [{}], metadata: { labels: { speed: '{{.wish}}' } } }],
    },
  ])('$story', async ({ request, matches }) => {
    await using node = await testNode()
    await using one = await fakeForwarder(node.baseDir, { name: 'one' })
    await using two = await fakeForwarder(node.baseDir, { name: 'two', labels: { speed: 'high' } })
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    await node.apply('vpn', matches)
    const client = await node.pod('client')
    await client.service.request(request)
    expect([one.wired.size, two.wired.size]).toEqual([0, 1])
  })

  it('FORWARDER_UNAVAILABLE says what each of them lacks', async () => {
    await using node = await testNode({ forwarderWaitMs: 50 })
    await using _one = await fakeForwarder(node.baseDir, { name: 'one' })
    await using _lan = await lanForwarder(node)
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    await node.apply('vpn', [{ routes: [{}], metadata: { labels: { speed: 'high' } } }])
    const client = await node.pod('client')
    await expect(client.service.request(requestFor('vpn'))).rejects.toMatchObject({
      code: 'FORWARDER_UNAVAILABLE',
      message: expect.stringMatching(
        /one lacks the labels speed=high, which the network service asks for; lan-forwarder joins no pods/,
      ),
    })
  })

  it('a connection that goes to another one is removed from the former before', async () => {
    await using node = await testNode()
    await using one = await fakeForwarder(node.baseDir, { name: 'one' })
    await using two = await fakeForwarder(node.baseDir, { name: 'two' })
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    await client.service.request(requestFor('vpn', { labels: { forwarder: 'one' } }))
    const moved = await client.service.request(requestFor('vpn', { labels: { forwarder: 'two' } }))
    expect([one.wired.size, two.wired.size]).toEqual([0, 1])
    await client.service.close(moved)
    expect([one.closed.length, two.closed.length]).toEqual([1, 1])
  })

  it('a refresh stays where it was', async () => {
    await using node = await testNode()
    await using _one = await fakeForwarder(node.baseDir, { name: 'one' })
    await using two = await fakeForwarder(node.baseDir, { name: 'two' })
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    await client.service.request(requestFor('vpn', { labels: { forwarder: 'two' } }))
    await client.service.request(requestFor('vpn'))
    expect(two.asked).toHaveLength(2)
  })
})
