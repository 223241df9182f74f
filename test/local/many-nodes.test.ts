import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientPod, endpointPod, Manifests, serviceObject } from './fixture.ts'
import { type NodeTraces, tracesOfAll, tunnelsOf, untilAsBefore } from './node.ts'
import { type ConnectionRow, connectionsOf, host, type Mesh, meshNamed, podsOf } from './nsm.ts'

describe.each([
  { nodes: 3, tunnels: 4 },
  { nodes: 5, tunnels: 2 },
])('$nodes nodes with $tunnels tunnels from each to each other', ({ nodes, tunnels }) => {
  const mesh = meshNamed(`t-many-${nodes}`)
  const manifests = new Manifests()
  const all = Array.from({ length: nodes }, (_, offset) => offset + 1)
  const count = nodes * (nodes - 1) * tunnels
  let before: Readonly<Record<string, NodeTraces>> = {}

  /** One endpoint and one client a node; the client asks the endpoints of all other nodes, several times each. */
  const objects = (): readonly string[] =>
    all.flatMap(node => {
      const asked = all
        .filter(other => other !== node)
        .flatMap(other => Array.from({ length: tunnels }, (_, index) => `to-${other}/to${other}x${index}`))
      const on = { node: `node-${node}` }
      return [
        serviceObject(`to-${node}`),
        endpointPod(`endpoint-${node}`, `to-${node}`, { IP_ADDRESS: `10.${node}.0.0/16`, ...on }),
        clientPod(`client-${node}`, asked.join(','), on),
      ]
    })

  beforeAll(async () => {
    await mesh.ok('up', '--nodes', String(nodes))
    before = await tracesOfAll(
      mesh,
      all.map(node => `node-${node}`),
    )
    await mesh.ok('apply', '-f', manifests.file('all', ...objects()))
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it('every tunnel carries pings', async () => {
    const rows = await connectionsOf(mesh)
    expect(rows).toHaveLength(count)
    const silent = await Promise.all(
      Object.entries(Object.groupBy(rows, ({ client }) => client.name)).map(([client, own = []]) =>
        silentOf(mesh, client, own),
      ),
    )
    expect(silent.flat()).toEqual([])
  })

  it('no node has a VNI twice, and both ends of each tunnel agree', async () => {
    const pods = await podsOf(mesh)
    const devices = await Promise.all(
      pods.map(async ({ name, node }) => ({ node, devices: await tunnelsOf(mesh, name) })),
    )
    for (const of of Object.values(Object.groupBy(devices, ({ node }) => node))) {
      const vnis = (of ?? []).flatMap(each => each.devices.map(({ vni }) => vni))
      expect(vnis).toHaveLength(2 * (nodes - 1) * tunnels)
      expect(new Set(vnis).size).toBe(vnis.length)
    }
    const ends = devices.flatMap(each => each.devices)
    for (const { local, remote, vni } of ends)
      expect(ends).toContainEqual(expect.objectContaining({ local: remote, remote: local, vni }))
  })

  it('nothing is left on any node when the pods are gone', async () => {
    await mesh.ok('delete', '-f', manifests.file('all', ...objects()))
    expect(await connectionsOf(mesh)).toEqual([])
    await untilAsBefore(mesh, before)
  })
})

/** The endpoints' addresses that do not answer a client's ping. */
async function silentOf(
  mesh: Mesh,
  client: string,
  rows: readonly ConnectionRow[],
): Promise<readonly string[]> {
  const addresses = rows.map(({ connection }) => host(connection.context.ipContext.dstIpAddrs[0]))
  const each = `for address; do ping -q -c 1 -W 2 $address >/dev/null || echo $address; done`
  const said = await mesh.ok('exec', client, '--', 'sh', '-c', each, 'sh', ...addresses)
  return said.split('\n').filter(line => line !== '')
}
