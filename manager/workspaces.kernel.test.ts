import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fakeEndpoint } from './fake-endpoint.ts'
import { testNode } from './fixture.ts'

/** Here, as in the container of the manager, uid 0 has no capability that lifts the permissions of files. */
describe('workspaces', () => {
  it('refuse an endpoint whose socket the manager may not open, and say what it has to do', async () => {
    await using node = await testNode()
    const pod = await node.pod('gateway')
    const path = join(node.baseDir, pod.workspace, 'nsm.client.io.sock')
    await using server = createServer(socket => socket.destroy()).listen(path)
    await once(server, 'listening')
    chmodSync(path, 0o055)
    await expect(pod.endpoints.register({ networkServiceNames: ['vpn'] })).rejects.toMatchObject({
      code: 'DENIED',
      message: expect.stringMatching(/nsm\.client\.io\.sock.*mode 55 .*uid 0.*serve it with mode 666/),
    })
    chmodSync(path, 0o666)
    await pod.endpoints.register({ networkServiceNames: ['vpn'] })
  })

  it('go from the manager when the pod has closed a directory in there to everybody', async () => {
    await using node = await testNode()
    const pod = await node.pod('gateway')
    const closed = join(node.baseDir, pod.workspace, 'closed')
    mkdirSync(join(closed, 'more'), { recursive: true })
    chmodSync(closed, 0o000)
    await using _endpoint = await fakeEndpoint(node, pod, { service: 'vpn' })
    await node.nsmd.deleteClientConnection({ workspace: pod.workspace })
    expect(await node.admin.status({})).toMatchObject({ endpoints: 0, workspaces: 0 })
    expect(existsSync(closed)).toBe(true)
    chmodSync(closed, 0o700)
    rmSync(closed, { recursive: true })
  })
})
