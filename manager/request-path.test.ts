import { describe, expect, it } from 'vitest'
import { NsmError } from '#sdk/errors.ts'
import { parameter } from '#sdk/wire/mechanism.ts'
import { fakeEndpoint } from './fake-endpoint.ts'
import { fakeForwarder } from './fake-forwarder.ts'
import { addressOf, requestFor, testNode } from './fixture.ts'

describe('the path of a request', () => {
  it('leads from the client through manager, endpoint and forwarder to an answer under the client’s own id', async () => {
    await using node = await testNode()
    await using forwarder = await fakeForwarder(node.baseDir)
    const gateway = await node.pod('gateway', { labels: { app: 'vpng' } })
    await using endpoint = await fakeEndpoint(node, gateway, { service: 'vpn' })
    const client = await node.pod('client')

    const answer = await client.service.request(requestFor('vpn', { id: 'mine', name: 'vpn0' }))

    expect(answer.id).toBe('mine')
    expect(answer.path?.index).toBe(0)
    expect(answer.path?.pathSegments.map(({ name }) => name)).toEqual(['client', 'node-1'])
    expect(addressOf(answer)).toBe('10.0.0.1/30')
    expect(answer.mechanism?.parameters).toEqual({ [parameter.name]: 'vpn0' })
    const [wired] = forwarder.asked
    expect(wired?.source?.mechanism?.parameters).toMatchObject({
      name: 'vpn0',
      netnsCookie: `${client.cookie}`,
      netnsPid: `${client.cookie + 1000n}`,
    })
    expect(wired?.destination?.mechanism?.parameters).toMatchObject({ netnsCookie: `${gateway.cookie}` })
    expect(endpoint.asked[0]?.id).toBe(wired?.id)
    const [record] = await node.connections()
    expect(record).toMatchObject({
      node: 'node-1',
      client: { name: 'client' },
      endpoint: { name: 'gateway' },
    })
    expect(record?.setupMicros).toBeGreaterThan(0n)
  })

  it('tells the ten steps of the VPN gateway example, but for the one between nodes', async () => {
    await using node = await testNode()
    await using _forwarder = await fakeForwarder(node.baseDir)
    await using endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    await client.service.request(requestFor('vpn'))
    const events = await node.events()
    const told = events.map(({ step }) => step)
    expect(told).toEqual([
      'pod-started',
      'endpoint-registered',
      'pod-started',
      'requested',
      'registry-queried',
      'endpoint-selected',
      'endpoint-requested',
      'endpoint-accepted',
      'endpoint-interface',
      'client-interface',
      'replied',
    ])
    expect(events.find(({ step }) => step === 'endpoint-selected')?.object).toBe(endpoint.name)
    for (const event of events)
      expect(event).toMatchObject({
        node: 'node-1',
        object: expect.stringMatching(/.+/),
        text: expect.stringMatching(/.+/),
      })
  })

  it('ends with Close: forwarder and endpoint are told, and nothing is left', async () => {
    await using node = await testNode()
    await using forwarder = await fakeForwarder(node.baseDir)
    await using endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    const answer = await client.service.request(requestFor('vpn'))
    await client.service.close(answer)
    await client.service.close(answer)
    expect(forwarder.wired.size).toBe(0)
    expect(endpoint.closed).toEqual([forwarder.asked[0]?.id])
    expect(await node.connections()).toEqual([])
  })

  it('makes nothing anew on a refresh: same id, same addresses, no second connection', async () => {
    await using node = await testNode()
    await using forwarder = await fakeForwarder(node.baseDir)
    await using endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    const first = await client.service.request(requestFor('vpn'))
    const second = await client.service.request(requestFor('vpn'))
    expect(addressOf(second)).toBe(addressOf(first))
    expect(endpoint.asked[1]?.context?.ipContext?.srcIpAddrs).toEqual([addressOf(first)])
    expect(forwarder.asked[1]).toEqual(forwarder.asked[0])
    expect(await node.connections()).toHaveLength(1)
  })

  it('passes a taken interface name to the client as the forwarder said it, and leaves nothing behind', async () => {
    await using node = await testNode()
    await using forwarder = await fakeForwarder(node.baseDir)
    await using endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    forwarder.failure = new NsmError('INTERFACE_EXISTS', 'creating eth0 in the pod: it exists')
    await expect(client.service.request(requestFor('vpn'))).rejects.toMatchObject({
      code: 'INTERFACE_EXISTS',
      message: 'creating eth0 in the pod: it exists',
    })
    expect(endpoint.closed).toHaveLength(1)
    expect(forwarder.wired.size).toBe(0)
    expect(await node.connections()).toEqual([])
  })
})
