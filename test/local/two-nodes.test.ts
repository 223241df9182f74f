import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answersTo, Manifests } from './fixture.ts'
import { type NodeTraces, tracesOfAll, tunnelsOf, untilAsBefore } from './node.ts'
import { type ConnectionRow, connectionsOf, eventually, host, meshNamed, podsOf } from './nsm.ts'
import { placed } from './placed.ts'

const mesh = meshNamed('t-2nodes')
const manifests = new Manifests()
let before: Readonly<Record<string, NodeTraces>> = {}

/** Applies an example with its clients on the first node and its endpoints on the second. */
async function apply(example: string, ...args: readonly string[]): Promise<void> {
  const objects = placed(`manifests/examples/${example}`, { clients: 'node-1', endpoints: 'node-2' })
  await mesh.ok('apply', '-f', manifests.file(example.replaceAll('/', '-'), ...objects), ...args)
}

/** Deletes an example; afterwards nothing of it is left on either node. */
async function remove(...examples: readonly string[]): Promise<void> {
  for (const example of examples)
    await mesh.ok(
      'delete',
      '-f',
      manifests.file(
        example.replaceAll('/', '-'),
        ...placed(`manifests/examples/${example}`, { clients: 'node-1', endpoints: 'node-2' }),
      ),
    )
  expect(await connectionsOf(mesh)).toEqual([])
  await untilAsBefore(mesh, before)
}

/** The one pod whose name begins so. */
async function podCalled(beginning: string): Promise<string> {
  const found = (await podsOf(mesh)).find(({ name }) => name.startsWith(beginning))
  if (found === undefined) throw new Error(`no pod ${beginning}`)
  return found.name
}

function pingsOf(rows: readonly ConnectionRow[]): Promise<readonly number[]> {
  return Promise.all(
    rows.map(({ client, connection }) =>
      answersTo(mesh, { from: client.name, to: host(connection.context.ipContext.dstIpAddrs[0]), count: 3 }),
    ),
  )
}

describe('the examples, with client and endpoint on different nodes', () => {
  beforeAll(async () => {
    await mesh.ok('up', '--nodes', '2')
    before = await tracesOfAll(mesh, ['node-1', 'node-2'])
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it('icmp-responder: four clients, two endpoints, each with a tunnel of its own', async () => {
    await apply('icmp-responder')
    const rows = await connectionsOf(mesh)
    expect(rows.map(({ node, endpointNode }) => [node, endpointNode])).toEqual(
      Array.from({ length: 4 }, () => ['node-1', 'node-2']),
    )
    expect(await pingsOf(rows)).toEqual([3, 3, 3, 3])
    const near = await Promise.all(rows.map(({ client }) => tunnelsOf(mesh, client.name)))
    const endpoints = [...new Set(rows.map(({ endpoint }) => endpoint.name))]
    const far = await Promise.all(endpoints.map(name => tunnelsOf(mesh, name)))
    const vnis = near.flat().map(({ vni }) => vni)
    expect(new Set(vnis).size).toBe(4)
    expect(
      far
        .flat()
        .map(({ vni }) => vni)
        .toSorted((a, b) => a - b),
    ).toEqual(vnis.toSorted((a, b) => a - b))
    for (const device of near.flat())
      expect(device).toMatchObject({ local: '10.240.0.1', remote: '10.240.0.2', port: 14789, mtu: 1450 })
    for (const device of far.flat())
      expect(device).toMatchObject({ local: '10.240.0.2', remote: '10.240.0.1', port: 14789, mtu: 1450 })
    await remove('icmp-responder')
  })

  it('vpn-gateway: the client reaches the server behind the gateway, and nsm describe tells of both nodes', async () => {
    await apply('vpn-gateway')
    const client = await podCalled('client-')
    const url = 'http://10.100.0.10:8080'
    const done = await mesh.run('exec', client, '--', 'curl', '--silent', '--max-time', '2', url)
    expect(done.stdout).toBe('hello from the intranet\n')
    const text = await mesh.ok('describe', client)
    expect(text).toMatch(
      /Tunnel +VXLAN \d+ from 10\.240\.0\.1 on node-1 to 10\.240\.0\.2 on node-2, port 14789, MTU 1450/,
    )
    expect(text).toMatch(/^8 .*node-2/m)
    expect(text).toMatch(/^9 .*node-1/m)
    expect(text).toMatch(/^10 .*node-1/m)
    await mesh.ok('delete', 'connection', client)
    expect(await tunnelsOf(mesh, client)).toEqual([])
    expect(await tunnelsOf(mesh, 'vpng-pod')).toEqual([])
    await remove('vpn-gateway')
  })

  it('p2p-link: both ends have the names that their pods ask for, and go with the client', async () => {
    await apply('p2p-link')
    expect(await answersTo(mesh, { from: 'device-1', to: '10.60.1.2' })).toBe(1)
    expect(await answersTo(mesh, { from: 'device-2', to: '10.60.1.1' })).toBe(1)
    expect((await tunnelsOf(mesh, 'device-1')).map(({ name }) => name)).toEqual(['eth12'])
    expect((await tunnelsOf(mesh, 'device-2')).map(({ name }) => name)).toEqual(['eth21'])
    await remove('p2p-link')
  })

  it('secure-intranet: the labels of the client choose the endpoint on the other node', async () => {
    await apply('secure-intranet')
    const rows = await connectionsOf(mesh)
    expect(rows.map(({ endpoint }) => endpoint.name)).toEqual(['firewall'])
    expect(await pingsOf(rows)).toEqual([3])
    await remove('secure-intranet')
  })

  it('two-services: one pod has two tunnels', async () => {
    await apply('two-services')
    expect((await tunnelsOf(mesh, 'client')).map(({ name }) => name).toSorted()).toEqual(['blue0', 'red0'])
    expect(await pingsOf(await connectionsOf(mesh))).toEqual([3, 3])
    await remove('two-services')
  })

  it('no-endpoint: the client waits on its node until an endpoint is there on the other', async () => {
    await apply('no-endpoint', '--wait', '0')
    await eventually('the client says what it waits for', async () => {
      const [pod] = await podsOf(mesh)
      const said = pod?.containers.map(({ message }) => message).join(' ') ?? ''
      return said.includes('firewall') ? true : undefined
    })
    await apply('no-endpoint/later')
    const rows = await eventually('it is connected', async () => {
      const found = await connectionsOf(mesh)
      return found.length === 1 ? found : undefined
    })
    expect(await pingsOf(rows)).toEqual([3])
    await remove('no-endpoint', 'no-endpoint/later')
  })
})
