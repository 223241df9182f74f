import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryRegistry } from '#registry/memory.ts'
import { silent } from '#sdk/log.ts'
import { type Channel, dial } from '#sdk/rpc/dial.ts'
import { type Credentials, secureClient } from '#sdk/rpc/tls.ts'
import { type ConnectionEvent, MonitorConnection } from '#sdk/wire/gen/connection/connection_pb.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { testAuthority, testCredentials } from '#test/issuer.ts'
import { fakeEndpoint } from './fake-endpoint.ts'
import { fakeForwarder } from './fake-forwarder.ts'
import { requestFor, type TestNode, testNode } from './fixture.ts'

/** A connection of node `here` to an endpoint of node `there`, and a node that was taken over: its certificate is good. */
describe('a node that was taken over', () => {
  let cleanup: AsyncDisposableStack
  let there: TestNode
  let mallory: Channel
  let id: string

  beforeEach(async () => {
    cleanup = new AsyncDisposableStack()
    const authority = await testAuthority('mesh')
    const registry = memoryRegistry()
    const start = async (node: string): Promise<TestNode> => {
      const credentials = await testCredentials(authority, { node })
      const options = { node, listen: 'tcp://127.0.0.1:0', security: () => credentials, log: silent } as const
      return cleanup.use(await testNode({ ...options, registry }))
    }
    const here = await start('here')
    there = await start('there')
    for (const node of [here, there]) cleanup.use(await fakeForwarder(node.baseDir))
    cleanup.use(await fakeEndpoint(there, await there.pod('gateway'), { service: 'vpn' }))
    await (await here.pod('client')).service.request(requestFor('vpn'))
    id = (await there.connections())[0]?.connection?.id ?? ''
    const credentials: Credentials = await testCredentials(authority, { node: 'mallory' })
    mallory = cleanup.use(
      dial(`tcp://${there.url.slice('tcp://'.length)}`, {
        connect: secureClient(() => credentials, 'there'),
      }),
    )
  })
  afterEach(() => cleanup.disposeAsync())

  it.each([
    { as: 'mallory', words: /belongs to another caller than .*mallory/ },
    { as: 'here', words: /manager of node "here" asks, and the certificate is of node mallory/ },
  ])('cannot close the connection of another node, as $as', async ({ as, words }) => {
    const closing = mallory.client(NetworkService).close({ id, networkService: 'vpn', path: pathOf(as) })
    await expect(closing).rejects.toMatchObject({
      code: 'DENIED',
      message: expect.stringMatching(words) as string,
    })
    expect(await there.connections()).toHaveLength(1)
  })

  it.each([
    { as: 'mallory', words: /belongs to another caller than .*mallory/ },
    { as: 'here', words: /manager of node "here" asks, and the certificate is of node mallory/ },
  ])('cannot turn the connection of another node to itself, as $as', async ({ as, words }) => {
    const asking = mallory.client(NetworkService).request({
      connection: { id, networkService: 'vpn', path: pathOf(as) },
      mechanismPreferences: [
        { cls: 'REMOTE', type: 'VXLAN', parameters: { src_ip: '192.0.2.66', vni: '66' } },
      ],
    })
    await expect(asking).rejects.toMatchObject({
      code: 'DENIED',
      message: expect.stringMatching(words) as string,
    })
  })

  it('is told of no connection of another node', async () => {
    const events = mallory
      .client(MonitorConnection)
      .monitorConnections({ pathSegments: [{ name: 'client' }, { name: 'here' }] })
    const first = await firstOf(events)
    expect(Object.keys(first?.connections ?? {})).toEqual([])
  })

  function pathOf(as: string) {
    return { index: 1, pathSegments: [{ name: 'client' }, { name: as, id }] }
  }
})

async function firstOf(events: AsyncIterable<ConnectionEvent>): Promise<ConnectionEvent | undefined> {
  for await (const event of events) return event
  return undefined
}
