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
import { connectionsOf, eventually, meshNamed } from './nsm.ts'

const mesh = meshNamed('qa-manager')
const manager = { program: 'manager' } as const
const manifests = new Manifests()
const gateway = endpointPod('gateway', 'web', { IP_ADDRESS: '10.60.1.0/24' })

describe('the manager is killed', () => {
  beforeAll(async () => {
    const objects = [serviceObject('web'), gateway, clientPod('client', 'web')]
    await mesh.ok('up', '-f', manifests.file('web', ...objects))
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it('connections go on passing packets, and the next manager knows them as they were', async () => {
    const before = await connectionsOf(mesh)
    const pings = answersTo(mesh, { from: 'client', to: '10.60.1.2', count: 40 })
    const pid = await kill(mesh, manager)
    const after = await eventually('another manager lists connections', async () => {
      const done = await mesh.run('connections', '--json')
      return done.code === 0 ? connectionsOf(mesh) : undefined
    })
    expect(after).toEqual(before)
    expect(await kill(mesh, manager)).not.toBe(pid)
    expect(await pings).toBe(40)
  })

  it('its absence is told by the command, which does not say that there is no mesh', async () => {
    const done = await keepKilling(mesh, manager, async () => {
      const tried = await mesh.run('connections')
      return tried.code === 0 ? undefined : tried
    })
    expect(done.stderr).toMatch(/manager/)
    expect(done.stderr).not.toMatch(/no mesh named/)
  })

  it('a client that waits says so, and is served when manager and endpoint are there', async () => {
    await mesh.ok('apply', '-f', manifests.file('late', clientPod('late', 'later')), '--wait', '0')
    await eventually('it waits for the service', async () =>
      (await messageOf(mesh, 'late')).includes('no network service later') ? true : undefined,
    )
    const message = await keepKilling(mesh, manager, async () => {
      const text = await messageOf(mesh, 'late')
      return text.includes('no network service') || text === '' ? undefined : text
    })
    expect(message).toMatch(/nsm\.server\.io\.sock/)
    const endpoint = endpointPod('later-endpoint', 'later', { IP_ADDRESS: '10.60.2.0/24' })
    await eventually('the endpoint is applied', async () => {
      const done = await mesh.run('apply', '-f', manifests.file('later', serviceObject('later'), endpoint))
      return done.code === 0 ? true : undefined
    })
    await eventually('the client runs', async () =>
      (await podNamed(mesh, 'late'))?.status === 'Running' ? true : undefined,
    )
    expect(await answersTo(mesh, { from: 'late', to: '10.60.2.2' })).toBe(1)
  })

  it('what an earlier manager made, the next one ends', async () => {
    await kill(mesh, manager)
    await eventually('the connection is closed', async () =>
      (await mesh.run('delete', 'connection', 'client')).code === 0 ? true : undefined,
    )
    expect((await connectionsOf(mesh)).map(row => row.client.name)).toEqual(['late'])
    // The forwarder may not have found the next manager yet, and hears of it then.
    await eventually('the links are gone', async () =>
      [...(await linksOf(mesh, 'client')), ...(await linksOf(mesh, 'gateway'))].length === 0
        ? true
        : undefined,
    )
  })

  it('pods that were deleted meanwhile are forgotten by the next one', async () => {
    await keepKilling(mesh, manager, async () => {
      const done = await mesh.run('delete', 'pod', 'late')
      return done.code === 0 ? true : undefined
    })
    await eventually('nothing is left of the pod', async () => {
      const done = await mesh.run('connections', '--json')
      return done.code === 0 && JSON.parse(done.stdout).connections.length === 0 ? true : undefined
    })
    await eventually('no link is left at the endpoints', async () =>
      (await linksOf(mesh, 'later-endpoint')).length === 0 ? true : undefined,
    )
  })
})
