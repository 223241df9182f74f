import { afterEach, describe, expect, it } from 'vitest'
import { memoryRegistry } from '#registry/memory.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { fakeEndpoint } from './fake-endpoint.ts'
import { fakeForwarder } from './fake-forwarder.ts'
import { requestFor, type TestPod, testNode } from './fixture.ts'
import { withMtu } from './tunnel-mechanism.ts'
import { numbersOf } from './tunnel-numbers.ts'

interface Offer {
  readonly cls: string
  readonly type: string
  readonly parameters: Record<string, string>
}

const vxlan = (address: string, MTU: string): Offer => ({
  cls: 'REMOTE',
  type: 'VXLAN',
  parameters: { src_ip: address, src_port: '14789', MTU },
})
const wireguard = (address: string): Offer => ({
  cls: 'REMOTE',
  type: 'WIREGUARD',
  parameters: { src_ip: address },
})

/** A node with a forwarder of its own that reaches the others. */
async function nodeOf(
  name: string,
  options: Parameters<typeof testNode>[0],
  remote = [vxlan(`10.9.0.${name}`, '1450')],
) {
  const undo = cleanup.use(new AsyncDisposableStack())
  const node = undo.use(await testNode({ ...options, node: name, listen: 'tcp://127.0.0.1:0' }))
  return { node, forwarder: undo.use(await fakeForwarder(node.baseDir, { remote })) }
}

let cleanup = new AsyncDisposableStack()
afterEach(async () => {
  await cleanup.disposeAsync()
  cleanup = new AsyncDisposableStack()
})

/** Two nodes, an endpoint of `vpn` on the second and a client on the first, whose manager may prefer a mechanism. */
async function pair(
  far = [vxlan('10.9.0.2', '1400')],
  near = [vxlan('10.9.0.1', '1450')],
  preferredMechanism = '',
) {
  const registry = memoryRegistry()
  const here = await nodeOf('1', { registry, preferredMechanism }, near)
  const there = await nodeOf('2', { registry }, far)
  const endpoint = await fakeEndpoint(there.node, await there.node.pod('gateway'), { service: 'vpn' })
  cleanup.use(endpoint)
  return { here, there, endpoint, client: await here.node.pod('client') }
}

function only(wired: ReadonlyMap<string, CrossConnect>): CrossConnect {
  const [one, ...others] = wired.values()
  if (one === undefined || others.length > 0) throw new Error(`${wired.size} cross connects`)
  return one
}

describe('the tunnel between two nodes', () => {
  it('has both addresses and ports, an identifier that is free on both, and the smaller MTU at both ends', async () => {
    const { here, there, endpoint, client } = await pair()
    const answer = await client.service.request(requestFor('vpn'))
    const [near, far] = [only(here.forwarder.wired), only(there.forwarder.wired)]
    const parameters = {
      src_ip: '10.9.0.1',
      src_port: '14789',
      dst_ip: '10.9.0.2',
      dst_port: '14789',
      MTU: '1400',
      vni: String(numbersOf({ crossConnect: near }).vni),
    }
    expect(near.destination?.mechanism).toMatchObject({ cls: 'REMOTE', type: 'VXLAN', parameters })
    expect(far.source?.mechanism).toMatchObject({ cls: 'REMOTE', type: 'VXLAN', parameters })
    expect(answer.context?.MTU).toBe(1400)
    expect(
      [near.source, near.destination, far.source, far.destination].map(end => end?.context?.MTU),
    ).toEqual([1400, 1400, 1400, 1400])
    expect(endpoint.asked[0]?.context?.MTU).toBe(1400)
    const replied = (await here.node.events()).find(({ step }) => step === 'remote-replied')
    expect(replied?.text).toBe(
      `the manager of node 2 answers: default/gateway accepts: 10.0.0.1/30 for the client, 10.0.0.2/30 for itself; VXLAN ${parameters.vni} from 10.9.0.1 to 10.9.0.2, MTU 1400`,
    )
  })

  it('keeps an MTU that was asked for when it fits', async () => {
    const { client } = await pair()
    const request = requestFor('vpn')
    const asked = { ...request.connection, context: { ...request.connection.context, MTU: 1300 } }
    const answer = await client.service.request({ ...request, connection: asked })
    expect(answer.context?.MTU).toBe(1300)
  })

  it('is as narrow at the other end as the forwarder of the client finds the way', async () => {
    const { here, there, client } = await pair()
    here.forwarder.answer = crossConnect => ({
      ...crossConnect,
      ...(crossConnect.source === undefined ? {} : { source: withMtu(crossConnect.source, 1200) }),
    })
    const answer = await client.service.request(requestFor('vpn'))
    expect(answer.context?.MTU).toBe(1200)
    expect(only(there.forwarder.wired).source?.context?.MTU).toBe(1200)
  })

  it('stays what it is through a refresh, and through a restart of either manager', async () => {
    const { here, there, client } = await pair()
    await client.service.request(requestFor('vpn'))
    const before = only(here.forwarder.wired).destination?.mechanism
    await client.service.request(requestFor('vpn'))
    expect(only(here.forwarder.wired).destination?.mechanism).toEqual(before)
    expect(only(there.forwarder.wired).source?.mechanism).toEqual(before)
  })

  it.each([
    { where: 'the client', side: 'here' as const },
    { where: 'the endpoint', side: 'there' as const },
  ])('gets another identifier when one is in use on the node of $where', async ({ side }) => {
    const nodes = await pair()
    const { here, there, client } = nodes
    const answers = nodes[side].forwarder.foreign
    const first = new Set<number>()
    // Whatever is proposed first is in use.
    answers.has = vni => first.size === 0 && first.add(vni).has(vni)
    await client.service.request(requestFor('vpn'))
    const [near, far] = [only(here.forwarder.wired), only(there.forwarder.wired)]
    expect(numbersOf({ crossConnect: near }).vni).toBe(numbersOf({ crossConnect: far }).vni)
    expect(first).not.toContain(numbersOf({ crossConnect: near }).vni)
    const told = (await here.node.events()).filter(({ step }) => step === 'tunnel-refused')
    expect(told.map(({ text }) => text)).toEqual([expect.stringMatching(/asks for another: .*is in use/)])
  })

  it('is refused with advice when no identifier is free', async () => {
    const { here, there, client } = await pair()
    here.forwarder.foreign.has = () => true
    await expect(client.service.request(requestFor('vpn'))).rejects.toMatchObject({
      code: 'NO_ENDPOINT',
      message: expect.stringMatching(/8 VXLAN identifiers in a row are in use.*NSM_VXLAN_PORT/),
    })
    expect([here.forwarder.wired.size, there.forwarder.wired.size]).toEqual([0, 0])
  })

  it.each([
    { payload: 'IP', preferred: '', type: 'VXLAN' },
    { payload: 'IP', preferred: 'WIREGUARD', type: 'WIREGUARD' },
    { payload: 'IP', preferred: 'VXLAN', type: 'VXLAN' },
    { payload: 'ETHERNET', preferred: '', type: 'VXLAN' },
    { payload: 'ETHERNET', preferred: 'WIREGUARD', type: 'VXLAN' },
  ])(
    'is $type for the payload $payload when "$preferred" is preferred',
    async ({ payload, preferred, type }) => {
      const both = (address: string) => [vxlan(address, '1450'), wireguard(address)]
      const { here, client } = await pair(both('10.9.0.2'), both('10.9.0.1'))
      await here.node.restart({ preferredMechanism: preferred })
      const forwarder = await fakeForwarder(here.node.baseDir, { name: 'again', remote: both('10.9.0.1') })
      cleanup.use(forwarder)
      await here.node.admin.applyNetworkService({
        namespace: 'default',
        networkService: { name: 'vpn', payload },
      })
      await client.service.request(requestFor('vpn'))
      expect(only(forwarder.wired).destination?.mechanism?.type).toBe(type)
    },
  )

  it('of WireGuard has both keys, and on each node a port of its own that a refresh keeps', async () => {
    const keyed = (address: string, key: string): Offer => ({
      cls: 'REMOTE',
      type: 'WIREGUARD',
      parameters: { src_ip: address, src_port: '51820', src_public_key: key },
    })
    const [far, near] = [keyed('10.9.0.2', 'two'), keyed('10.9.0.1', 'one')]
    const { here, there, client } = await pair([far], [near], 'WIREGUARD')
    const other = await here.node.pod('other')
    for (const pod of [client, other, client]) await pod.service.request(requestFor('vpn'))
    const mechanisms = [...here.forwarder.wired.values()].map(
      ({ destination }) => destination?.mechanism?.parameters,
    )
    for (const parameters of mechanisms)
      expect(parameters).toMatchObject({ src_public_key: 'one', dst_public_key: 'two', dst_ip: '10.9.0.2' })
    for (const key of ['src_port', 'dst_port']) {
      const ports = mechanisms.map(parameters => Number(parameters?.[key]))
      expect(new Set(ports).size).toBe(2)
      expect(ports.every(port => port >= 51_820 && port <= 53_867)).toBe(true)
    }
    expect(here.forwarder.asked[2]?.destination?.mechanism).toEqual(
      here.forwarder.asked[0]?.destination?.mechanism,
    )
    expect(there.forwarder.asked[2]?.source?.mechanism).toEqual(there.forwarder.asked[0]?.source?.mechanism)
  })

  it('is not made of WireGuard unasked, even where there is nothing else', async () => {
    const { client } = await pair([wireguard('10.9.0.2')], [wireguard('10.9.0.1')])
    await expect(client.service.request(requestFor('vpn'))).rejects.toMatchObject({
      message: expect.stringMatching(/set PREFERRED_REMOTE_MECHANISM=WIREGUARD/),
    })
  })

  it('is refused when the nodes have nothing in common', async () => {
    const { client } = await pair([wireguard('10.9.0.2')])
    await expect(client.service.request(requestFor('vpn'))).rejects.toMatchObject({
      message: expect.stringMatching(/fake offers none of the mechanisms of the other node/),
    })
  })
})

describe('tunnels between many nodes', () => {
  it('never have one identifier twice on a node, however few there are, and give them back', async () => {
    const registry = memoryRegistry()
    // A handful of identifiers, so that they meet all the time.
    let drawn = 0
    const drawVni = () => 1 + (((drawn += 1) * 7) % 40)
    const nodes = await Promise.all(
      ['1', '2', '3'].map(async name => {
        const { node } = await nodeOf(name, { registry })
        await node.restart({ drawVni })
        const forwarder = cleanup.use(
          await fakeForwarder(node.baseDir, { name: `f${name}`, remote: [vxlan(`10.9.0.${name}`, '1450')] }),
        )
        return { name, node, forwarder }
      }),
    )
    for (const { name, node } of nodes) {
      const pod = await node.pod(`gateway-${name}`)
      cleanup.use(await fakeEndpoint(node, pod, { service: `vpn-${name}`, subnet: `10.${name}.0` }))
    }
    const clients: { readonly pod: TestPod; readonly from: string }[] = []
    for (const { name, node } of nodes)
      for (let index = 0; index < 4; index += 1)
        clients.push({ pod: await node.pod(`client-${name}-${index}`), from: name })
    const requests = clients.flatMap(({ pod, from }) =>
      nodes.filter(({ name }) => name !== from).map(({ name }) => ({ pod, service: `vpn-${name}` })),
    )
    const answers = await Promise.all(
      requests.map(async ({ pod, service }, index) => ({
        pod,
        answer: await pod.service.request(requestFor(service, { name: `nsm${index}` })),
      })),
    )
    for (const { forwarder } of nodes) {
      const used = [...forwarder.wired.values()].map(crossConnect => numbersOf({ crossConnect }).vni)
      expect(used).toHaveLength(16)
      expect(new Set(used).size).toBe(16)
    }
    await Promise.all(answers.map(({ pod, answer }) => pod.service.close(answer)))
    expect(nodes.map(({ forwarder }) => forwarder.wired.size)).toEqual([0, 0, 0])
    expect(nodes.map(({ forwarder }) => forwarder.asked.length >= 16)).toEqual([true, true, true])
  })
})
