import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryRegistry } from '#registry/memory.ts'
import type { Registry } from '#registry/registry.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import { type FakeEndpoint, fakeEndpoint } from './fake-endpoint.ts'
import { type FakeForwarder, fakeForwarder } from './fake-forwarder.ts'
import { eventually, requestFor, type TestNode, type TestPod, testNode } from './fixture.ts'

const listen = 'tcp://127.0.0.1:0'

interface Side {
  readonly node: TestNode
  readonly forwarder: FakeForwarder
}

let cleanup: AsyncDisposableStack
let here: Side
let there: Side
let gateway: TestPod
let endpoint: FakeEndpoint
let client: TestPod
let registry: Registry

/** Two nodes; a client on the first is connected to an endpoint on the second. */
beforeEach(async () => {
  cleanup = new AsyncDisposableStack()
  registry = memoryRegistry()
  const side = async (name: string): Promise<Side> => {
    const node = cleanup.use(await testNode({ registry, node: name, listen }))
    return { node, forwarder: cleanup.use(await fakeForwarder(node.baseDir, { remote: [vxlan(name)] })) }
  }
  here = await side('here')
  there = await side('there')
  gateway = await there.node.pod('gateway')
  endpoint = cleanup.use(await fakeEndpoint(there.node, gateway, { service: 'vpn' }))
  client = await here.node.pod('client')
  await client.service.request(requestFor('vpn'))
})
afterEach(() => cleanup.disposeAsync())

function vxlan(address: string) {
  return { cls: 'REMOTE', type: 'VXLAN', parameters: { src_ip: address, src_port: '14789' } }
}

function wired(side: Side) {
  return [...side.forwarder.wired.values()]
}

async function nothingLeft() {
  await eventually('both nodes are empty', async () => {
    const connections = [...(await here.node.connections()), ...(await there.node.connections())]
    return connections.length + wired(here).length + wired(there).length === 0 ? true : undefined
  })
}

async function down() {
  await eventually('the connection is down', async () => {
    const [connection] = await here.node.connections()
    return connection?.connection?.state === State.DOWN ? true : undefined
  })
}

/** Waits until the client's connection has another endpoint. */
async function movedTo(other: FakeEndpoint) {
  await eventually(`a connection to ${other.name}`, async () => {
    const [connection] = await here.node.connections()
    const { networkServiceEndpointName: name, state } = connection?.connection ?? {}
    return name === other.name && state === State.UP ? true : undefined
  })
}

describe('a connection to another node', () => {
  it('ends when the pod of its endpoint goes and nobody takes its place', async () => {
    await there.node.nsmd.deletePod({ uid: gateway.uid })
    await nothingLeft()
  })

  it.each(['here', 'there'] as const)(
    'goes to an endpoint that is %s when the pod of its endpoint goes',
    async where => {
      const { node } = where === 'here' ? here : there
      const other = await fakeEndpoint(node, await node.pod('other'), { service: 'vpn', subnet: '10.7.0' })
      cleanup.use(other)
      await there.node.nsmd.deletePod({ uid: gateway.uid })
      await movedTo(other)
      expect([wired(here).length, wired(there).length]).toEqual(where === 'here' ? [1, 0] : [1, 1])
    },
  )

  it('ends when it is closed there', async () => {
    const [connection] = await there.node.connections()
    await there.node.admin.closeConnection({ connectionId: connection?.connection?.id ?? '' })
    await nothingLeft()
    expect(endpoint.closed).toHaveLength(1)
  })

  it('ends there when the pod of its client goes', async () => {
    await here.node.nsmd.deletePod({ uid: client.uid })
    await nothingLeft()
    expect(endpoint.closed).toHaveLength(1)
  })

  it('is down while its endpoint does not answer, and up again when that is back', async () => {
    await endpoint[Symbol.asyncDispose]()
    await down()
    const back = await fakeEndpoint(there.node, gateway, { service: 'vpn', name: endpoint.name })
    cleanup.use(back)
    await movedTo(back)
  })

  it('goes through the same tunnel when the other manager has restarted, and is watched again', async () => {
    const before = wired(here)[0]?.destination?.mechanism
    await there.node.restart()
    await there.forwarder[Symbol.asyncDispose]()
    const pod = { uid: gateway.uid, name: 'gateway', namespace: 'default', netnsCookie: gateway.cookie }
    await there.node.nsmd.putPod(pod)
    cleanup.use(
      await fakeForwarder(there.node.baseDir, { wired: there.forwarder.wired, remote: [vxlan('there')] }),
    )
    await client.service.request(requestFor('vpn'))
    expect([wired(here)[0]?.destination?.mechanism, wired(there)[0]?.source?.mechanism]).toEqual([
      before,
      before,
    ])
    await endpoint[Symbol.asyncDispose]()
    await down()
  })

  it('stays as it is when the other manager comes back at another address, and is closed there', async () => {
    const before = wired(here)[0]
    const asked = [here, there].map(({ forwarder }) => forwarder.asked.length)
    await there.node.restart({ listen })
    await there.forwarder[Symbol.asyncDispose]()
    const pod = { uid: gateway.uid, name: 'gateway', namespace: 'default', netnsCookie: gateway.cookie }
    await there.node.nsmd.putPod(pod)
    const again = await fakeForwarder(there.node.baseDir, {
      wired: there.forwarder.wired,
      remote: [vxlan('there')],
    })
    cleanup.use(again)
    await eventually('its news are heard again', async () =>
      (await here.node.events()).length > 0 && (await there.node.admin.status({})).forwarders.length === 1
        ? true
        : undefined,
    )
    expect(await here.node.connections()).toMatchObject([{ connection: { state: State.UP } }])
    expect(wired(here)[0]).toEqual(before)
    expect(here.forwarder.asked.length).toBe(asked[0])
    const [{ connection } = {}] = await here.node.connections()
    await here.node.admin.closeConnection({ connectionId: connection?.id ?? '' })
    expect([wired(here).length, again.wired.size, endpoint.closed.length]).toEqual([0, 0, 1])
  })

  it('goes to another endpoint when the other node has forgotten everything', async () => {
    const other = await fakeEndpoint(here.node, await here.node.pod('other'), {
      service: 'vpn',
      subnet: '10.7.0',
    })
    cleanup.use(other)
    await there.node.restart({ bootId: 'boot-2' })
    await movedTo(other)
  })

  it('is down when the other node has forgotten everything, and goes to the next endpoint that comes', async () => {
    await there.node.restart({ bootId: 'boot-2' })
    cleanup.use(await fakeForwarder(there.node.baseDir, { name: 'again', remote: [vxlan('there')] }))
    await down()
    const pod = await there.node.pod('other')
    const other = await fakeEndpoint(there.node, pod, { service: 'vpn', subnet: '10.7.0' })
    cleanup.use(other)
    await movedTo(other)
  })

  it('goes to another endpoint when its node has died and the registry forgets that', async () => {
    const other = await fakeEndpoint(here.node, await here.node.pod('other'), {
      service: 'vpn',
      subnet: '10.7.0',
    })
    cleanup.use(other)
    await there.node.stop()
    // The stream breaks at once; a node that lost power is silent until the connection's keep-alive gives it up.
    await eventually('the registry forgets the endpoint', async () => {
      const record = await registry.endpoints.get(endpoint.name)
      if (record !== undefined) await registry.endpoints.remove(endpoint.name)
      const [connection] = await here.node.connections()
      if (connection?.connection?.networkServiceEndpointName === other.name) return true
      if (record !== undefined) await registry.endpoints.put(record)
      return undefined
    })
  })

  it('goes where the other node is reached now, when its forwarder has moved', async () => {
    await there.forwarder[Symbol.asyncDispose]()
    const moved = await fakeForwarder(there.node.baseDir, { wired: new Map(), remote: [vxlan('elsewhere')] })
    cleanup.use(moved)
    await eventually('the new address', () =>
      wired(here)[0]?.destination?.mechanism?.parameters['dst_ip'] === 'elsewhere' ? true : undefined,
    )
  })

  it.each([
    { what: 'the other manager is away', restarts: 'none' as const },
    { what: 'the other manager is away, even if this one restarts meanwhile', restarts: 'here' as const },
    { what: 'the other manager is away and this node boots', restarts: 'boot' as const },
  ])('ends there later when it is closed while $what', async ({ restarts }) => {
    await there.node.stop()
    await here.node.nsmd.deletePod({ uid: client.uid })
    expect(await here.node.connections()).toEqual([])
    if (restarts !== 'none') await here.node.restart(restarts === 'boot' ? { bootId: 'boot-2' } : {})
    await there.node.restart()
    cleanup.use(await fakeForwarder(there.node.baseDir, { name: 'again', wired: there.forwarder.wired }))
    await eventually('the end of the other half', async () =>
      (await there.node.connections()).length === 0 ? true : undefined,
    )
    expect(endpoint.closed).toHaveLength(1)
  })
})
