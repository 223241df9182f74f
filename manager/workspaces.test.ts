import { existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fakeEndpoint } from './fake-endpoint.ts'
import { fakeForwarder } from './fake-forwarder.ts'
import { requestFor, testNode } from './fixture.ts'

describe('workspaces', () => {
  it('have a socket that the pod may use and not replace, and opening one again changes nothing', async () => {
    await using node = await testNode()
    const { workspace } = await node.pod('client')
    const reply = await node.nsmd.requestClientConnection({ workspace })
    expect(reply).toMatchObject({
      workspace,
      hostBasedir: node.baseDir,
      nsmServerSocket: 'nsm.server.io.sock',
      nsmClientSocket: 'nsm.client.io.sock',
    })
    const mode = (path: string) => (statSync(join(node.baseDir, path)).mode & 0o7777).toString(8)
    expect(mode(workspace)).toBe('1777')
    expect(mode(`${workspace}/nsm.server.io.sock`)).toBe('666')
    expect(mode('nsm.io.sock')).toBe('600')
    expect(await node.nsmd.enumConnection({})).toMatchObject({ workspace: [workspace] })
  })

  it.each(['', '.', '..', 'a/b', 'a..b', '-a', 'a b', 'x'.repeat(64), '../up'])(
    'refuse the id %j',
    async workspace => {
      await using node = await testNode()
      await expect(node.nsmd.requestClientConnection({ workspace })).rejects.toMatchObject({
        code: 'BAD_INPUT',
        message: expect.stringMatching(/workspace/),
      })
      expect(readdirSync(node.baseDir).filter(name => !name.includes('.'))).toEqual([])
    },
  )

  it('say when the path of their socket is too long for Linux', async () => {
    await using node = await testNode()
    await using deep = await testNode({ baseDir: join(node.baseDir, 'd'.repeat(40)) })
    await expect(deep.nsmd.requestClientConnection({ workspace: 'w'.repeat(63) })).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      message: expect.stringMatching(/107/),
    })
    expect(await deep.nsmd.enumConnection({})).toMatchObject({ workspace: [] })
  })

  it('belong to the first pod that uses them when the runner does not say whose they are', async () => {
    await using node = await testNode()
    await using _forwarder = await fakeForwarder(node.baseDir)
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const [client, other] = [await node.pod('client'), await node.pod('other')]
    await node.nsmd.deleteClientConnection({ workspace: client.workspace })
    await node.nsmd.requestClientConnection({ workspace: client.workspace })
    await client.service.request(requestFor('vpn')).catch(() => client.service.request(requestFor('vpn')))
    node.peers.set(client.workspace, { pid: 1, netnsCookie: other.cookie })
    await expect(
      node.nsmd.requestClientConnection({ workspace: client.workspace, pod: podOf(other) }),
    ).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  it('are freed by DeleteClientConnection, with the endpoints that were registered there', async () => {
    await using node = await testNode()
    const gateway = await node.pod('gateway')
    await using _endpoint = await fakeEndpoint(node, gateway, { service: 'vpn' })
    await node.nsmd.deleteClientConnection({ workspace: gateway.workspace })
    expect(existsSync(join(node.baseDir, gateway.workspace))).toBe(false)
    expect(await node.admin.status({})).toMatchObject({ endpoints: 0, workspaces: 0 })
    await node.nsmd.deleteClientConnection({ workspace: gateway.workspace })
  })

  it('belong to the pod that kubelet gave them to, before it has called', async () => {
    await using node = await testNode()
    const [client, other] = [await node.pod('client'), await node.pod('other')]
    await node.nsmd.requestClientConnection({ workspace: 'kept', podUid: client.uid })
    await node.nsmd.requestClientConnection({ workspace: 'kept' })
    await expect(
      node.nsmd.requestClientConnection({ workspace: 'kept', podUid: other.uid }),
    ).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await node.nsmd.deletePod(podOf(client))
    expect(existsSync(join(node.baseDir, 'kept'))).toBe(false)
  })

  it('go when kubelet gave them to nobody, unless a pod that lives has them', async () => {
    await using node = await testNode()
    const { uid } = await node.pod('client')
    await node.nsmd.requestClientConnection({ workspace: 'used', podUid: uid })
    await node.nsmd.requestClientConnection({ workspace: 'past', podUid: 'a pod that never called' })
    await node.nsmd.requestClientConnection({ workspace: 'idle' })
    for (const workspace of ['used', 'past', 'idle', 'unknown'])
      await node.nsmd.deleteClientConnection({ workspace, unclaimed: true })
    expect((await node.nsmd.enumConnection({})).workspace).toEqual(['ws-client', 'used'])
  })

  it('are served again when somebody removed the directory and told of it anew, for the same pod', async () => {
    await using node = await testNode()
    const { workspace, uid } = await node.pod('client')
    rmSync(join(node.baseDir, workspace), { recursive: true })
    const again = () => node.nsmd.requestClientConnection({ workspace })
    await Promise.all([again(), again(), again()])
    expect(existsSync(join(node.baseDir, workspace, 'nsm.server.io.sock'))).toBe(true)
    await expect(
      node.nsmd.requestClientConnection({ workspace, podUid: `not ${uid}` }),
    ).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  it('refuse an endpoint that puts a link in place of its socket', async () => {
    await using node = await testNode()
    const pod = await node.pod('client')
    symlinkSync('../nsm.admin.io.sock', join(node.baseDir, pod.workspace, 'nsm.client.io.sock'))
    await expect(pod.endpoints.register({ networkServiceNames: ['vpn'] })).rejects.toMatchObject({
      code: 'DENIED',
      message: expect.stringMatching(/no socket/),
    })
  })

  it('are not left when an endpoint puts a link in place of its socket after it has registered', async () => {
    await using node = await testNode()
    await using victim = await fakeEndpoint(node, await node.pod('victim'), { service: 'other' })
    const hostile = await node.pod('hostile')
    await using _endpoint = await fakeEndpoint(node, hostile, { service: 'vpn' })
    const socket = join(node.baseDir, hostile.workspace, 'nsm.client.io.sock')
    rmSync(socket)
    symlinkSync('../ws-victim/nsm.client.io.sock', socket)
    await node.restart()
    await using _forwarder = await fakeForwarder(node.baseDir)
    const client = await node.pod('client')
    await expect(client.service.request(requestFor('vpn'))).rejects.toThrow()
    expect(victim.asked).toEqual([])
  })

  it.each([
    { what: 'a file', put: (path: string) => writeFileSync(path, '') },
    { what: 'a link', put: (path: string) => symlinkSync('../manager.db', path) },
    { what: 'a directory', put: (path: string) => mkdirSync(path) },
  ])(
    'of others are served although a pod has put $what in place of its socket, and go with it',
    async ({ put }) => {
      await using node = await testNode()
      await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
      const [client, hostile] = [await node.pod('client'), await node.pod('hostile')]
      const socket = join(node.baseDir, hostile.workspace, 'nsm.server.io.sock')
      rmSync(socket)
      put(socket)
      await node.restart()
      await using _forwarder = await fakeForwarder(node.baseDir)
      await client.service.request(requestFor('vpn')).catch(() => client.service.request(requestFor('vpn')))
      expect((await node.nsmd.enumConnection({})).workspace).toEqual(['ws-gateway', 'ws-client'])
      await node.nsmd.deletePod(podOf(hostile))
      expect(existsSync(join(node.baseDir, hostile.workspace))).toBe(false)
    },
  )

  it('go with their pod, as do its connections and endpoints, whichever end it was', async () => {
    await using node = await testNode()
    await using forwarder = await fakeForwarder(node.baseDir)
    const gateway = await node.pod('gateway')
    await using endpoint = await fakeEndpoint(node, gateway, { service: 'vpn' })
    const [one, two] = [await node.pod('one'), await node.pod('two')]
    await one.service.request(requestFor('vpn'))
    await two.service.request(requestFor('vpn'))
    await node.nsmd.deletePod(podOf(one))
    expect(endpoint.closed).toHaveLength(1)
    expect((await node.connections()).map(({ client }) => client?.name)).toEqual(['two'])
    await node.nsmd.deletePod(podOf(gateway))
    expect(await node.connections()).toEqual([])
    expect(forwarder.wired.size).toBe(0)
    expect(await node.admin.status({})).toMatchObject({ endpoints: 0, workspaces: 1 })
    expect(readdirSync(node.baseDir).filter(name => name.startsWith('ws-'))).toEqual(['ws-two'])
  })

  it('are for pods that have a uid, a name, a namespace and a network namespace', async () => {
    await using node = await testNode()
    await expect(node.nsmd.putPod({ uid: 'u', name: 'n', namespace: 'default' })).rejects.toMatchObject({
      code: 'BAD_INPUT',
    })
  })
})

function podOf({
  uid,
  name,
  cookie,
}: {
  readonly uid: string
  readonly name: string
  readonly cookie: bigint
}) {
  return { uid, name, namespace: 'default', netnsCookie: cookie }
}
