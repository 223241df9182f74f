import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  answersTo,
  clientPod,
  endpointPod,
  keepKilling,
  kill,
  linksOf,
  Manifests,
  messageOf,
  podNamed,
  serviceObject,
} from './fixture.ts'
import { type ConnectionRow, connectionsOf, eventually, meshNamed } from './nsm.ts'

const mesh = meshNamed('qa-forwarder')
const forwarder = { program: 'forwarder' } as const
const manifests = new Manifests()

describe('the forwarder is killed', () => {
  beforeAll(async () => {
    const endpoint = endpointPod('gateway', 'web', { IP_ADDRESS: '10.60.1.0/24' })
    const clients = ['first', 'second', 'third'].map(name => clientPod(name, 'web'))
    await mesh.ok('up', '-f', manifests.file('web', serviceObject('web'), endpoint, ...clients))
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it('links stay as they are, and its connections are up again when it is back', async () => {
    const links = await mesh.ok('exec', 'first', '--', 'ip', '-o', 'link')
    const before = await connectionsOf(mesh)
    const gateway = before.find(row => row.client.name === 'first')?.connection.context.ipContext
      .dstIpAddrs[0]
    const pings = answersTo(mesh, { from: 'first', to: gateway?.split('/')[0] ?? '', count: 40 })
    // It is back within moments: one that is killed again stays away for long enough to be seen.
    await keepKilling(mesh, forwarder, async () =>
      (await connectionsOf(mesh)).every(row => row.connection.state === 'DOWN') ? true : undefined,
    )
    await eventually('all are up', async () =>
      (await connectionsOf(mesh)).every(row => row.connection.state === 'UP') ? true : undefined,
    )
    expect(await pings).toBe(40)
    expect(await mesh.ok('exec', 'first', '--', 'ip', '-o', 'link')).toBe(links)
    const parts = ({ connection, client, endpoint }: ConnectionRow) => ({ connection, client, endpoint })
    expect((await connectionsOf(mesh)).map(parts)).toEqual(before.map(parts))
  })

  it('a connection that was made before is ended, links and all', async () => {
    await kill(mesh, forwarder)
    await eventually('it is back', async () =>
      (await connectionsOf(mesh)).every(row => row.connection.state === 'UP') ? true : undefined,
    )
    await mesh.ok('delete', 'connection', 'second')
    expect(await linksOf(mesh, 'second')).toEqual([])
    expect(await linksOf(mesh, 'gateway')).toHaveLength(2)
  })

  it('a connection that is ended while it is away has no links when it is back', async () => {
    await keepKilling(mesh, forwarder, async () => {
      const down = (await connectionsOf(mesh)).every(row => row.connection.state === 'DOWN')
      return down && (await mesh.run('delete', 'connection', 'third')).code === 0 ? true : undefined
    })
    await eventually('it is back', async () =>
      (await connectionsOf(mesh)).every(row => row.connection.state === 'UP') ? true : undefined,
    )
    await eventually('the links are gone', async () =>
      (await linksOf(mesh, 'third')).length === 0 && (await linksOf(mesh, 'gateway')).length === 1
        ? true
        : undefined,
    )
  })

  it('a new client waits for it, says so, and is served', async () => {
    const late = manifests.file('late', clientPod('late', 'web'))
    await keepKilling(mesh, forwarder, async () => {
      const down = (await connectionsOf(mesh)).every(row => row.connection.state === 'DOWN')
      return down ? true : undefined
    })
    const message = await keepKilling(mesh, forwarder, async () => {
      if ((await podNamed(mesh, 'late')) === undefined) await mesh.ok('apply', '-f', late, '--wait', '0')
      const text = await messageOf(mesh, 'late')
      return text.includes('forwarder') ? text : undefined
    })
    expect(message).toMatch(/no forwarder has registered/)
    await eventually('the client runs', async () =>
      (await podNamed(mesh, 'late'))?.status === 'Running' ? true : undefined,
    )
  })
})
