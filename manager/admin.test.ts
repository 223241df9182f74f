import { describe, expect, it } from 'vitest'
import { fakeEndpoint } from './fake-endpoint.ts'
import { fakeForwarder } from './fake-forwarder.ts'
import { requestFor, testNode } from './fixture.ts'

describe('the admin service', () => {
  it('counts what there is', async () => {
    await using node = await testNode({ version: '1.2.3' })
    await using _forwarder = await fakeForwarder(node.baseDir)
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    await (await node.pod('client')).service.request(requestFor('vpn'))
    expect(await node.admin.status({})).toMatchObject({
      node: 'node-1',
      version: '1.2.3',
      forwarders: ['fake'],
      connections: 1,
      endpoints: 1,
      workspaces: 2,
    })
  })

  it.each([
    {
      name: 'what else receives VXLAN on the node',
      options: { foreignTunnels: [{ interface: 'flannel.1', udpPort: 8472 }] },
    },
    { name: 'nothing, when the forwarder is one that does not say', options: {} },
  ])('tells of forwarders, and $name', async ({ options }) => {
    await using node = await testNode()
    await using _forwarder = await fakeForwarder(node.baseDir, options)
    const { forwarderDetails } = await node.admin.status({})
    expect(forwarderDetails).toMatchObject([
      { name: 'fake', remoteMechanisms: [{ type: 'VXLAN' }], foreignTunnels: options.foreignTunnels ?? [] },
    ])
  })

  it('closes a connection as its client would, and knows no others', async () => {
    await using node = await testNode()
    await using forwarder = await fakeForwarder(node.baseDir)
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    await (await node.pod('client')).service.request(requestFor('vpn'))
    const connectionId = (await node.connections())[0]?.connection?.id ?? ''
    await node.admin.closeConnection({ connectionId })
    expect(forwarder.wired.size).toBe(0)
    await expect(node.admin.closeConnection({ connectionId })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('keeps network services: applied, replaced, listed, deleted', async () => {
    await using node = await testNode()
    await node.apply('web')
    await node.apply('web', [{ sourceSelector: { zone: '{{.zone}}' } }])
    const { networkServices } = await node.admin.listNetworkServices({})
    expect(networkServices).toMatchObject([
      {
        namespace: 'default',
        networkService: { name: 'web', matches: [{ sourceSelector: { zone: '{{.zone}}' } }] },
      },
    ])
    await node.admin.deleteNetworkService({ networkService: { name: 'web' } })
    await expect(node.admin.deleteNetworkService({ networkService: { name: 'web' } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  it.each([
    { name: 'Web', matches: [], says: /"Web"/ },
    { name: 'web', matches: [{ sourceSelector: { a: '{{range}}' } }], says: /match 1.*range/ },
    { name: 'web', matches: [{}, { routes: [{ destinationSelector: { a: '{{' } }] }], says: /match 2/ },
  ])('refuses a service $name that is malformed', async ({ name, matches, says }) => {
    await using node = await testNode()
    await expect(node.apply(name, matches)).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(says),
    })
  })

  it('tells events by connection and by pod, and goes on telling while it is watched', async () => {
    await using node = await testNode()
    await using _forwarder = await fakeForwarder(node.baseDir)
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const [one, two] = [await node.pod('one'), await node.pod('two')]
    await one.service.request(requestFor('vpn'))
    await two.service.request(requestFor('vpn'))
    const of = async (pod: string) =>
      (await Array.fromAsync(node.admin.events({ pod }))).map(({ step }) => step)
    expect(await of('two')).toEqual(await of('one'))
    const connectionId = (await node.connections())[0]?.connection?.id ?? ''
    const seen: string[] = []
    for await (const { step } of node.admin.events({ connectionId, watch: true })) {
      seen.push(step)
      if (step === 'replied') await one.service.close({ id: 'vpn-nsm0' })
      if (step === 'closed') break
    }
    expect([seen[0], seen.at(-1)]).toEqual(['requested', 'closed'])
  })
})
