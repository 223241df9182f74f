import { describe, expect, it } from 'vitest'
import { ipContextOf } from '#sdk/elements/endpoint-step.ts'
import { NsmError } from '#sdk/errors.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import { fakeEndpoint } from './fake-endpoint.ts'
import { fakeForwarder } from './fake-forwarder.ts'
import { addressOf, eventually, requestFor, testNode } from './fixture.ts'

function refuse(code: 'POOL_EXHAUSTED' | 'ENDPOINT_REFUSED', message: string) {
  return () => Promise.reject(new NsmError(code, message))
}

describe('the choice of an endpoint', () => {
  it('goes round robin: four clients, two endpoints, two each', async () => {
    await using node = await testNode()
    await using _forwarder = await fakeForwarder(node.baseDir)
    await using one = await fakeEndpoint(node, await node.pod('one'), { service: 'icmp' })
    await using two = await fakeEndpoint(node, await node.pod('two'), { service: 'icmp' })
    const clients = await Promise.all(['a', 'b', 'c', 'd'].map(name => node.pod(name)))
    await Promise.all(clients.map(client => client.service.request(requestFor('icmp'))))
    expect([one.asked.length, two.asked.length]).toEqual([2, 2])
  })

  it('asks the next endpoint when one refuses, after looking into the registry again', async () => {
    await using node = await testNode()
    await using forwarder = await fakeForwarder(node.baseDir)
    await using full = await fakeEndpoint(node, await node.pod('full'), { service: 'vpn' })
    await using free = await fakeEndpoint(node, await node.pod('free'), { service: 'vpn', subnet: '10.9.9' })
    full.behaviour = refuse('POOL_EXHAUSTED', 'no address left in 10.0.0.0/24')
    const client = await node.pod('client')
    expect(addressOf(await client.service.request(requestFor('vpn')))).toBe('10.9.9.1/30')
    const steps = (await node.events()).map(({ step }) => step)
    const refused = steps.indexOf('endpoint-refused')
    expect(steps.slice(refused, refused + 3)).toEqual([
      'endpoint-refused',
      'registry-queried',
      'endpoint-selected',
    ])
    expect(full.closed).toHaveLength(1)
    expect(free.closed).toEqual([])
    expect(forwarder.wired.size).toBe(1)
  })

  it('is NO_ENDPOINT when all refuse, and says what the last one said', async () => {
    await using node = await testNode()
    await using forwarder = await fakeForwarder(node.baseDir)
    await using endpoint = await fakeEndpoint(node, await node.pod('full'), { service: 'vpn' })
    endpoint.behaviour = refuse('POOL_EXHAUSTED', 'no address left in 10.0.0.0/24')
    const client = await node.pod('client')
    const failure = client.service.request(requestFor('vpn', { labels: { app: 'x' } }))
    await expect(failure).rejects.toMatchObject({
      code: 'NO_ENDPOINT',
      message: expect.stringMatching(/vpn for default\/client \(app=x\).*no address left in 10\.0\.0\.0\/24/),
    })
    expect(forwarder.asked).toEqual([])
    expect(await node.connections()).toEqual([])
  })

  it('is NO_ENDPOINT when no match fits, and says what was looked for', async () => {
    await using node = await testNode()
    await using _forwarder = await fakeForwarder(node.baseDir)
    await node.apply('intranet', [
      { sourceSelector: {}, routes: [{ destinationSelector: { app: 'firewall' } }] },
    ])
    const client = await node.pod('client')
    await expect(client.service.request(requestFor('intranet'))).rejects.toMatchObject({
      code: 'NO_ENDPOINT',
      message: expect.stringMatching(/intranet.*no endpoint offers it yet.*app=firewall/),
    })
  })

  it('holds a client that asks again until an endpoint comes, and then serves it at once', async () => {
    await using node = await testNode()
    await using _forwarder = await fakeForwarder(node.baseDir)
    const client = await node.pod('client')
    await expect(client.service.request(requestFor('late'))).rejects.toMatchObject({
      code: 'SERVICE_NOT_FOUND',
    })
    const held = client.service.request(requestFor('late'))
    await eventually('the second run looks', async () =>
      (await node.events()).find(({ step, attempt }) => step === 'requested' && attempt === 2),
    )
    await using _endpoint = await fakeEndpoint(node, await node.pod('late'), { service: 'late' })
    expect(addressOf(await held)).toBe('10.0.0.1/30')
  })

  it('tells a client that asks again and again why nobody serves it', async () => {
    await using node = await testNode({ endpointWaitMs: 20 })
    await using _forwarder = await fakeForwarder(node.baseDir)
    const client = await node.pod('client')
    for (let run = 1; run <= 2; run++)
      await expect(client.service.request(requestFor('never'))).rejects.toMatchObject({
        code: 'SERVICE_NOT_FOUND',
      })
  })

  it('is SERVICE_NOT_FOUND for a service of another namespace, and names where it looked', async () => {
    await using node = await testNode()
    await using _forwarder = await fakeForwarder(node.baseDir)
    await node.apply('vpn', [], 'elsewhere')
    const client = await node.pod('client')
    await expect(client.service.request(requestFor('vpn'))).rejects.toMatchObject({
      code: 'SERVICE_NOT_FOUND',
      message: expect.stringMatching(/vpn in namespace default or nsm-system/),
    })
  })

  it('finds a service of the shared namespace, offered from another namespace', async () => {
    await using node = await testNode()
    await using _forwarder = await fakeForwarder(node.baseDir)
    await node.apply('vpn', [], 'nsm-system')
    const gateway = await node.pod('gateway', { namespace: 'infra' })
    await using _endpoint = await fakeEndpoint(node, gateway, { service: 'vpn' })
    const client = await node.pod('client', { namespace: 'apps' })
    expect(addressOf(await client.service.request(requestFor('vpn')))).not.toBe('')
  })

  it('keeps the endpoint on a refresh, and changes it when the client asks for another', async () => {
    await using node = await testNode()
    await using _forwarder = await fakeForwarder(node.baseDir)
    await using one = await fakeEndpoint(node, await node.pod('one'), { service: 'vpn' })
    await using two = await fakeEndpoint(node, await node.pod('two'), { service: 'vpn', subnet: '10.9.9' })
    const client = await node.pod('client')
    const first = await client.service.request(requestFor('vpn'))
    await client.service.request(requestFor('vpn'))
    expect([one.asked.length, two.asked.length]).toEqual([2, 0])
    const another = { ...first, networkServiceEndpointName: '', state: State.RESELECT_REQUESTED }
    const again = await client.service.request({
      ...requestFor('vpn'),
      connection: another,
    })
    expect(again.networkServiceEndpointName).toBe(two.name)
    expect(one.closed).toHaveLength(1)
    expect(two.closed).toEqual([])
  })

  it('is ENDPOINT_LOST when the only endpoint dies while it is asked', async () => {
    await using node = await testNode()
    await using _forwarder = await fakeForwarder(node.baseDir)
    const endpoint = await fakeEndpoint(node, await node.pod('dying'), { service: 'vpn' })
    endpoint.behaviour = async connection => {
      await endpoint[Symbol.asyncDispose]()
      return connection
    }
    const client = await node.pod('client')
    await expect(client.service.request(requestFor('vpn'))).rejects.toMatchObject({ code: 'ENDPOINT_LOST' })
    expect(await node.connections()).toEqual([])
  })

  it('does not wait longer for an endpoint than it is told', async () => {
    await using node = await testNode({ timeoutMs: 50 })
    await using _forwarder = await fakeForwarder(node.baseDir)
    await using slow = await fakeEndpoint(node, await node.pod('slow'), { service: 'vpn' })
    const never = Promise.withResolvers<never>()
    slow.behaviour = () => never.promise
    const client = await node.pod('client')
    await expect(client.service.request(requestFor('vpn'))).rejects.toMatchObject({
      code: 'ENDPOINT_LOST',
      message: expect.stringMatching(/50 ms/),
    })
    expect(slow.closed).toHaveLength(1)
  })

  it.each([
    { story: 'gives no address', addresses: [], says: /src_ip_addrs/ },
    { story: 'gives one that is none', addresses: ['10.0.0.300/30'], says: /10\.0\.0\.300/ },
    {
      story: 'gives one in an excluded prefix',
      addresses: ['10.96.1.1/30'],
      says: /10\.96\.1\.1\/30.*10\.96\.0\.0\/12/,
    },
  ])('passes over an endpoint that $story', async ({ addresses, says }) => {
    await using node = await testNode({ excludedPrefixes: () => ['10.96.0.0/12', 'fd00::/8'] })
    await using _forwarder = await fakeForwarder(node.baseDir)
    await using endpoint = await fakeEndpoint(node, await node.pod('odd'), { service: 'vpn' })
    endpoint.behaviour = async connection => {
      const ipContext = { ...ipContextOf(connection), srcIpAddrs: addresses, dstIpAddrs: ['10.0.0.2/30'] }
      return {
        ...connection,
        ...(connection.context === undefined ? {} : { context: { ...connection.context, ipContext } }),
      }
    }
    const client = await node.pod('client')
    await expect(client.service.request(requestFor('vpn'))).rejects.toMatchObject({
      code: 'NO_ENDPOINT',
      message: expect.stringMatching(says),
    })
    expect(endpoint.asked[0]?.context?.ipContext?.excludedPrefixes).toEqual(['10.96.0.0/12', 'fd00::/8'])
  })
})
