import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  clientPod,
  endpointPod,
  kill,
  linksOf,
  Manifests,
  messageOf,
  podNamed,
  serviceObject,
} from './fixture.ts'
import { connectionsOf, eventually, meshNamed } from './nsm.ts'

const mesh = meshNamed('qa-disk')
const manifests = new Manifests()

/** Runs a command among the files of the mesh, which lie on a tmpfs of its own. */
function inMesh(command: string): Promise<string> {
  return mesh.ok('exec', 'gateway', '--', 'sh', '-c', command)
}

/** Leaves no block free. */
function fill(): Promise<string> {
  return inMesh(
    'mount -o remount,size=$(( $(df --output=used -k /run | tail -n 1) + 128 ))k /run && dd if=/dev/zero of=/run/fill bs=4k || true',
  )
}

describe('the disk of the journal is full', () => {
  beforeAll(async () => {
    const endpoint = endpointPod('gateway', 'web', { IP_ADDRESS: '10.60.1.0/30' })
    await mesh.ok(
      'up',
      '-f',
      manifests.file('web', serviceObject('web'), endpoint, clientPod('first', 'web')),
    )
    await mesh.ok('apply', '-f', manifests.file('second', clientPod('second', 'web')), '--wait', '0')
    await eventually('the second waits for an address', async () =>
      (await messageOf(mesh, 'second')).includes('10.60.1.0/30') ? true : undefined,
    )
    await fill()
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it('the end of a connection that cannot be noted is told as such', async () => {
    const done = await mesh.run('delete', 'connection', 'first')
    expect(done.code).toBe(74)
    expect(done.stderr).toMatch(/disk is full/)
    expect(await linksOf(mesh, 'first')).toEqual([])
  })

  it('a client waits with that reason, and has no interface that nobody noted', async () => {
    const message = await eventually('the second says why it waits', async () => {
      const text = await messageOf(mesh, 'second')
      return text.includes('disk is full') ? text : undefined
    })
    expect(message).toMatch(/web/)
  })

  it('with room again it is served', async () => {
    await inMesh('mount -o remount,size=50% /run')
    await mesh.run('delete', 'connection', 'first')
    await eventually('the second runs', async () =>
      (await podNamed(mesh, 'second'))?.status === 'Running' ? true : undefined,
    )
    expect((await connectionsOf(mesh)).map(row => row.client.name)).toEqual(['second'])
    expect(await linksOf(mesh, 'gateway')).toHaveLength(1)
  })
  it('the next manager does not bring back what was ended', async () => {
    await kill(mesh, { program: 'manager' })
    const rows = await eventually('the next manager answers', async () =>
      (await mesh.run('connections', '--json')).code === 0 ? connectionsOf(mesh) : undefined,
    )
    expect(rows.map(row => row.client.name)).toEqual(['second'])
    expect(await linksOf(mesh, 'first')).toEqual([])
  })
})
