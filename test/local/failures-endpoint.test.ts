import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  answersTo,
  clientPod,
  endpointPod,
  kill,
  linksOf,
  Manifests,
  messageOf,
  pidOf,
  podNamed,
  serviceObject,
} from './fixture.ts'
import { type ConnectionRow, connectionsOf, eventually, host, meshNamed } from './nsm.ts'

const mesh = meshNamed('qa-endpoint')
const manifests = new Manifests()
const blue = endpointPod('blue', 'web', { IP_ADDRESS: '10.60.1.0/24' })

async function connectionOf(client: string): Promise<ConnectionRow | undefined> {
  return (await connectionsOf(mesh)).find(row => row.client.name === client)
}

async function up(client: string): Promise<ConnectionRow> {
  return await eventually(`the connection of ${client} is up`, async () => {
    const row = await connectionOf(client)
    return row?.connection.state === 'UP' ? row : undefined
  })
}

async function movedTo(endpoint: string): Promise<ConnectionRow> {
  return await eventually(`the client is moved to ${endpoint}`, async () => {
    const row = await connectionOf('client')
    return row?.endpoint.name === endpoint && row.connection.state === 'UP' ? row : undefined
  })
}

describe('an endpoint fails', () => {
  beforeAll(async () => {
    await mesh.ok('up', '-f', manifests.file('web', serviceObject('web'), blue, clientPod('client', 'web')))
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it('its side-car is killed: packets pass on, it registers again, and the connection stays what it was', async () => {
    const before = await up('client')
    const links = await linksOf(mesh, 'client')
    const peer = host(before.connection.context.ipContext.dstIpAddrs[0])
    const pings = answersTo(mesh, { from: 'client', to: peer, count: 50 })
    await kill(mesh, { program: 'sidecar-nse', pod: 'blue' })
    await eventually('the pod is ready again', async () => {
      const pod = await podNamed(mesh, 'blue')
      return pod?.ready === 1 && pod.containers[0]?.restarts === 1 ? true : undefined
    })
    const after = await up('client')
    expect(after.connection.id).toBe(before.connection.id)
    expect(after.connection.context).toEqual(before.connection.context)
    expect(await linksOf(mesh, 'client')).toEqual(links)
    expect(await pings).toBe(50)
  })

  it('its side-car was killed: a new client gets other addresses than the old one', async () => {
    await mesh.ok('apply', '-f', manifests.file('second', clientPod('second', 'web')))
    const addresses = (await connectionsOf(mesh)).flatMap(row => row.connection.context.ipContext.srcIpAddrs)
    expect(new Set(addresses).size).toBe(2)
    await mesh.ok('delete', 'pod', 'second')
  })

  it('it hangs while it is asked: the next one serves the client', async () => {
    const pid = pidOf(mesh, { program: 'sidecar-nse', pod: 'blue' }) ?? 0
    process.kill(pid, 'SIGSTOP')
    try {
      const green = endpointPod('green', 'web', { IP_ADDRESS: '10.60.2.0/24' })
      await mesh.ok('apply', '-f', manifests.file('green', green))
      for (const name of ['patient-1', 'patient-2'])
        await mesh.ok('apply', '-f', manifests.file(name, clientPod(name, 'web')), '--wait', '12s')
      for (const name of ['patient-1', 'patient-2']) expect((await up(name)).endpoint.name).toBe('green')
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    for (const name of ['patient-1', 'patient-2', 'green']) await mesh.ok('delete', 'pod', name)
  })

  it('it dies while it is asked: the client waits, says so, and is served when it is back', async () => {
    await eventually('blue is registered', async () =>
      (await podNamed(mesh, 'blue'))?.ready === 1 ? true : undefined,
    )
    const pid = pidOf(mesh, { program: 'sidecar-nse', pod: 'blue' }) ?? 0
    process.kill(pid, 'SIGSTOP')
    await mesh.ok('apply', '-f', manifests.file('witness', clientPod('witness', 'web')), '--wait', '0')
    await eventually('the endpoint is asked', async () =>
      (await mesh.run('describe', 'witness')).stdout.includes('endpoint-requested') ? true : undefined,
    )
    process.kill(pid, 'SIGKILL')
    const message = await eventually('the client says why it waits', async () => {
      const text = await messageOf(mesh, 'witness')
      return /blue/.test(text) ? text : undefined
    })
    expect(message).toMatch(/does not answer/)
    await up('witness')
    await mesh.ok('delete', 'pod', 'witness')
  })

  it('its pod is deleted while another offers the service: the client is moved there', async () => {
    await mesh.ok(
      'apply',
      '-f',
      manifests.file('green', endpointPod('green', 'web', { IP_ADDRESS: '10.60.2.0/24' })),
    )
    await mesh.ok('delete', 'pod', 'blue')
    const row = await movedTo('green')
    const to = host(row.connection.context.ipContext.dstIpAddrs[0])
    expect(await answersTo(mesh, { from: 'client', to })).toBe(1)
    await mesh.ok('apply', '-f', manifests.file('blue', blue))
    await mesh.ok('delete', 'pod', 'green')
    await movedTo('blue')
  })

  it('its pod is deleted: its connections are ended, and no interface of them stays', async () => {
    await mesh.ok('delete', 'pod', 'blue')
    expect(await connectionOf('client')).toBeUndefined()
    expect(await linksOf(mesh, 'client')).toEqual([])
  })

  it('it has no address left: the client names pool and endpoint, and gets one that is given back', async () => {
    const small = endpointPod('small', 'tiny', { IP_ADDRESS: '10.60.3.0/30' })
    const clients = ['one', 'two'].map(name => clientPod(name, 'tiny'))
    await mesh.ok('apply', '-f', manifests.file('tiny', serviceObject('tiny'), small, clients[0] ?? ''))
    await mesh.ok('apply', '-f', manifests.file('two', clients[1] ?? ''), '--wait', '0')
    const message = await eventually('the client says why it waits', async () => {
      const text = await messageOf(mesh, 'two')
      return text.includes('10.60.3.0/30') ? text : undefined
    })
    expect(message).toMatch(/small/)
    await mesh.ok('delete', 'pod', 'one')
    expect((await up('two')).connection.context.ipContext.srcIpAddrs).toEqual(['10.60.3.1/30'])
    expect(await answersTo(mesh, { from: 'two', to: '10.60.3.2' })).toBe(1)
  })
})
