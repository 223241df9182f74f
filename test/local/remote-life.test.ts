import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answersTo, clientPod, endpointPod, keepKilling, Manifests, serviceObject } from './fixture.ts'
import { type NodeTraces, tracesOfAll, tunnelsOf, untilAsBefore } from './node.ts'
import { type ConnectionRow, connectionsOf, eventually, host, meshNamed } from './nsm.ts'

const mesh = meshNamed('qa-remote')
const manifests = new Manifests()
const client = manifests.file('client', clientPod('client', 'web', { node: 'node-1' }))
let before: Readonly<Record<string, NodeTraces>> = {}

function endpointOn(node: string, name: string, prefix: string): string {
  return manifests.file(name, endpointPod(name, 'web', { IP_ADDRESS: prefix, node }))
}

function reaches({ connection }: ConnectionRow): Promise<number> {
  return answersTo(mesh, { from: 'client', to: host(connection.context.ipContext.dstIpAddrs[0]) })
}

/** Waits until the client has a connection to an endpoint's pod, and gives it. */
function connectedTo(pod: string): Promise<ConnectionRow> {
  return eventually(`a connection to ${pod}`, async () =>
    (await connectionsOf(mesh)).find(
      ({ endpoint, connection }) => endpoint.name === pod && connection.state === 'UP',
    ),
  )
}

describe('what happens on one node', () => {
  beforeAll(async () => {
    await mesh.ok('up', '--nodes', '2', '-f', manifests.file('web', serviceObject('web')))
    before = await tracesOfAll(mesh, ['node-1', 'node-2'])
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it('moves the client on the other to the next endpoint, wherever that is', async () => {
    const first = endpointOn('node-2', 'first', '10.60.1.0/24')
    await mesh.ok('apply', '-f', first)
    await mesh.ok('apply', '-f', client)
    expect(await reaches(await connectedTo('first'))).toBe(1)
    await mesh.ok('apply', '-f', endpointOn('node-2', 'second', '10.60.2.0/24'))
    await mesh.ok('delete', 'pod', 'first')
    expect(await reaches(await connectedTo('second'))).toBe(1)
    expect(await tunnelsOf(mesh, 'client')).toHaveLength(1)
    await mesh.ok('apply', '-f', endpointOn('node-1', 'third', '10.60.3.0/24'))
    await mesh.ok('delete', 'pod', 'second')
    expect(await reaches(await connectedTo('third'))).toBe(1)
    expect(await tunnelsOf(mesh, 'client')).toEqual([])
  })

  it('moves the client from an endpoint beside it to one on the other, and ends it with the last one', async () => {
    await mesh.ok('apply', '-f', endpointOn('node-2', 'fourth', '10.60.4.0/24'))
    await mesh.ok('delete', 'pod', 'third')
    expect(await reaches(await connectedTo('fourth'))).toBe(1)
    await mesh.ok('delete', 'pod', 'fourth')
    await eventually('no connection is left', async () =>
      (await connectionsOf(mesh)).length === 0 ? true : undefined,
    )
    await mesh.ok('delete', 'pod', 'client')
    await untilAsBefore(mesh, before)
  })

  it('ends the half on the other also when the manager there is killed over and over meanwhile', async () => {
    await mesh.ok('apply', '-f', endpointOn('node-2', 'fifth', '10.60.5.0/24'))
    await mesh.ok('apply', '-f', client)
    await connectedTo('fifth')
    await keepKilling(mesh, { program: 'manager', node: 'node-2' }, async () =>
      (await mesh.run('delete', 'pod', 'client')).code === 0 ? true : undefined,
    )
    await eventually('the other half has ended', async () => {
      const done = await mesh.run('connections', '--json')
      return done.code === 0 && JSON.parse(done.stdout).connections.length === 0 ? true : undefined
    })
    await eventually('its device is gone', async () =>
      (await tunnelsOf(mesh, 'fifth')).length === 0 ? true : undefined,
    )
    await mesh.ok('delete', 'pod', 'fifth')
    await untilAsBefore(mesh, before)
  })
})
