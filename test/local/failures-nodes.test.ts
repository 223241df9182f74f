import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  answersTo,
  clientPod,
  endpointPod,
  kill,
  Manifests,
  type ProgramName,
  serviceObject,
} from './fixture.ts'
import { type NodeTraces, tracesOfAll, tunnelsOf, untilAsBefore } from './node.ts'
import { connectionsOf, eventually, host, meshNamed } from './nsm.ts'

const mesh = meshNamed('qa-nodes')
const manifests = new Manifests()
const nodes = ['node-1', 'node-2'] as const
const endpoint = endpointPod('gateway', 'web', { IP_ADDRESS: '10.60.1.0/24', node: 'node-2' })
const pings = 40
let before: Readonly<Record<string, NodeTraces>> = {}

function indexesOf(pod: string): Promise<string> {
  return mesh.ok('exec', pod, '--', 'ip', '-o', 'link')
}

/** The connections but for what tells of the newest request. */
async function lastingOf(): Promise<readonly unknown[]> {
  return (await connectionsOf(mesh)).map(row => ({ ...row, setupMicros: undefined }))
}

async function clientReaches(name: string): Promise<boolean> {
  const row = (await connectionsOf(mesh)).find(({ client }) => client.name === name)
  if (row === undefined) return false
  return (
    (await answersTo(mesh, { from: name, to: host(row.connection.context.ipContext.dstIpAddrs[0]) })) === 1
  )
}

describe('a program of either node is killed while packets go from one to the other', () => {
  beforeAll(async () => {
    await mesh.ok('up', '--nodes', '2')
    before = await tracesOfAll(mesh, nodes)
    const objects = [serviceObject('web'), endpoint, clientPod('client', 'web', { node: 'node-1' })]
    await mesh.ok('apply', '-f', manifests.file('web', ...objects))
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it.each<ProgramName>([
    { program: 'manager', node: 'node-1' },
    { program: 'manager', node: 'node-2' },
    { program: 'forwarder', node: 'node-1' },
    { program: 'forwarder', node: 'node-2' },
    { program: 'registry' },
  ])('$program $node: no packet is lost, the links stay, and the next client is served', async victim => {
    const rows = await lastingOf()
    const links = await Promise.all(['client', 'gateway'].map(indexesOf))
    const running = answersTo(mesh, { from: 'client', to: '10.60.1.2', count: pings })
    await kill(mesh, victim)
    expect(await running).toBe(pings)
    const name = `next-${victim.program}-${victim.node ?? 'mesh'}`
    const file = manifests.file(name, clientPod(name, 'web', { node: 'node-1' }))
    await mesh.ok('apply', '-f', file)
    await eventually('the next client reaches the endpoint', async () =>
      (await clientReaches(name)) ? true : undefined,
    )
    await mesh.ok('delete', '-f', file)
    await eventually('only the first client is left at the endpoint', async () =>
      (await tunnelsOf(mesh, 'gateway')).length === 1 ? true : undefined,
    )
    expect(await Promise.all(['client', 'gateway'].map(indexesOf))).toEqual(links)
    expect(await lastingOf()).toEqual(rows)
  })

  it('all of them at once: no packet is lost, and what is deleted afterwards is gone on both nodes', async () => {
    const running = answersTo(mesh, { from: 'client', to: '10.60.1.2', count: pings })
    await kill(mesh, { program: 'registry' })
    for (const node of nodes)
      for (const program of ['manager', 'forwarder'] as const) await kill(mesh, { program, node })
    expect(await running).toBe(pings)
    await eventually('the managers list the connection', async () => {
      const done = await mesh.run('connections', '--json')
      return done.code === 0 && JSON.parse(done.stdout).connections.length === 1 ? true : undefined
    })
    await eventually('it is closed', async () =>
      (await mesh.run('delete', 'connection', 'client')).code === 0 ? true : undefined,
    )
    await eventually('no tunnel is left in either pod', async () =>
      [...(await tunnelsOf(mesh, 'client')), ...(await tunnelsOf(mesh, 'gateway'))].length === 0
        ? true
        : undefined,
    )
    await mesh.ok('delete', 'pod', 'client')
    await mesh.ok('delete', 'pod', 'gateway')
    await untilAsBefore(mesh, before)
  })
})
