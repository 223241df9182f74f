import type { MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import type { IPContextSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import { fakeEndpoint } from './fake-endpoint.ts'
import { fakeForwarder } from './fake-forwarder.ts'
import { addressOf, requestFor, testNode } from './fixture.ts'

function inContext(ipContext: MessageInitShape<typeof IPContextSchema>) {
  const { connection, ...request } = requestFor('vpn')
  return { ...request, connection: { ...connection, context: { ipContext } } }
}

describe('a request that cannot be', () => {
  it('waits for a forwarder and goes on when one registers', async () => {
    await using node = await testNode()
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    const answer = client.service.request(requestFor('vpn'))
    await using _forwarder = await fakeForwarder(node.baseDir)
    expect(addressOf(await answer)).toBe('10.0.0.1/30')
  })

  it('is FORWARDER_UNAVAILABLE when none registers in time, before any endpoint is asked', async () => {
    await using node = await testNode({ forwarderWaitMs: 20 })
    await using endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    await expect(client.service.request(requestFor('vpn'))).rejects.toMatchObject({
      code: 'FORWARDER_UNAVAILABLE',
    })
    expect(endpoint.asked).toEqual([])
  })

  it('is DEADLINE when the caller’s own deadline passes, and is undone', async () => {
    await using node = await testNode()
    await using forwarder = await fakeForwarder(node.baseDir)
    await using endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const never = Promise.withResolvers<never>()
    endpoint.behaviour = () => never.promise
    const client = await node.pod('client')
    await expect(client.service.request(requestFor('vpn'), { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'DEADLINE',
    })
    endpoint.behaviour = undefined
    await client.service.request(requestFor('vpn'))
    expect(endpoint.closed).toHaveLength(1)
    expect(forwarder.wired.size).toBe(1)
  })

  it.each([
    { story: 'without a connection', request: {}, code: 'BAD_INPUT', says: /without a connection/ },
    {
      story: 'without a service',
      request: requestFor(''),
      code: 'BAD_INPUT',
      says: /names no network service/,
    },
    {
      story: 'for a bad interface name',
      request: requestFor('vpn', { name: 'a-name-that-is-too-long' }),
      code: 'BAD_INPUT',
      says: /15 bytes/,
    },
    {
      story: 'with an id of control characters',
      request: requestFor('vpn', { id: 'a\nb' }),
      code: 'BAD_INPUT',
      says: /control characters/,
    },
    {
      story: 'with a malformed context',
      request: inContext({ excludedPrefixes: ['everything'] }),
      code: 'BAD_INPUT',
      says: /context.ip_context.excluded_prefixes\[0\] is "everything"/,
    },
    {
      story: 'with more routes than anybody needs',
      request: inContext({ srcRoutes: Array.from({ length: 513 }, () => ({ prefix: '10.0.0.0/8' })) }),
      code: 'BAD_INPUT',
      says: /src_routes is a list of 513; expected at most 512/,
    },
    {
      story: 'for a mechanism that pods do not have',
      request: { ...requestFor('vpn'), mechanismPreferences: [{ cls: 'LOCAL', type: 'MEMIF' }] },
      code: 'UNSUPPORTED',
      says: /MEMIF/,
    },
  ])('is $code $story', async ({ request, code, says }) => {
    await using node = await testNode()
    const client = await node.pod('client')
    await expect(client.service.request(request)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(says),
    })
  })

  it('is DENIED when the caller lives in another pod than the workspace’s, to request and to register', async () => {
    await using node = await testNode()
    const client = await node.pod('client')
    const thief = await node.pod('thief')
    node.peers.set(client.workspace, { pid: 1, netnsCookie: thief.cookie })
    await expect(client.service.request(requestFor('vpn'))).rejects.toMatchObject({ code: 'DENIED' })
    await expect(client.endpoints.register({ networkServiceNames: ['vpn'] })).rejects.toMatchObject({
      code: 'DENIED',
    })
    await expect(client.services.register({ name: 'vpn' })).rejects.toMatchObject({ code: 'DENIED' })
    await expect(Array.fromAsync(client.monitor.monitorConnections({}))).rejects.toMatchObject({
      code: 'DENIED',
    })
  })

  it('keeps the ids of two pods apart', async () => {
    await using node = await testNode()
    await using forwarder = await fakeForwarder(node.baseDir)
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const [one, two] = [await node.pod('one'), await node.pod('two')]
    await one.service.request(requestFor('vpn', { id: 'same' }))
    await two.service.request(requestFor('vpn', { id: 'same' }))
    expect(forwarder.wired.size).toBe(2)
    await two.service.close({ id: 'same' })
    expect((await node.connections()).map(({ client }) => client?.name)).toEqual(['one'])
  })

  it('serves NSM v0.2 clients in their words: no id, KERNEL_INTERFACE, default names', async () => {
    await using node = await testNode()
    await using forwarder = await fakeForwarder(node.baseDir)
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    const old = {
      connection: { networkService: 'vpn' },
      mechanismPreferences: [{ cls: 'LOCAL', type: 'KERNEL_INTERFACE' }],
    }
    const answer = await client.service.request(old)
    expect(answer.mechanism).toMatchObject({ type: 'KERNEL_INTERFACE', parameters: { name: 'nsm0' } })
    expect(forwarder.asked[0]?.source?.mechanism?.type).toBe('KERNEL')
    await client.service.request(requestFor('vpn', { id: 'second', name: '' }))
    expect(forwarder.asked[1]?.source?.mechanism?.parameters['name']).toBe('nsm1')
  })
})
