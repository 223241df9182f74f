import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  answersTo,
  clientPod,
  endpointPod,
  keepKilling,
  linksOf,
  Manifests,
  messageOf,
  pidOf,
  podNamed,
  serviceObject,
} from './fixture.ts'
import { connectionsOf, eventually, host, meshNamed, podsOf } from './nsm.ts'

const mesh = meshNamed('qa-client')
const manifests = new Manifests()

/** A pod whose init container is written by hand instead of injected. */
function handWritten(name: string, variables: string, rest = ''): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
spec:
  restartPolicy: Never
  initContainers:
    - name: nsm-init
      image: nsm-init
      env:
${variables}
${rest}
  containers:
    - { name: app, image: alpine, command: ["tail", "-f", "/dev/null"] }
`
}

const asksForNobody = '        - { name: NS_NETWORKSERVICEMESH_IO, value: nobody }'
const limit = '      resources: { limits: { networkservicemesh.io/socket: "1" } }'

/** The workspaces that the manager has open. */
function workspaces(): readonly string[] {
  const pid = pidOf(mesh, { program: 'manager' })
  return readdirSync(`/proc/${pid}/root/run/nsm/node-1`, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(({ name }) => name)
}

describe('a client', () => {
  beforeAll(async () => {
    const endpoint = endpointPod('gateway', 'web', { IP_ADDRESS: '10.60.1.0/24' })
    await mesh.ok('up', '-f', manifests.file('web', serviceObject('web'), endpoint))
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it('ends with the reason that it waited for when its deadline is reached', async () => {
    const variables = `${asksForNobody}\n        - { name: NSM_DEADLINE, value: 2s }`
    const done = await mesh.run('apply', '-f', manifests.file('late', handWritten('late', variables, limit)))
    expect(done.code).not.toBe(0)
    expect(done.stderr).toMatch(/deadline passed while waiting for nobody/)
    expect(done.stderr).toMatch(/no network service nobody/)
    const pod = await podNamed(mesh, 'late')
    expect(pod?.status).toBe('Init:Error')
    await mesh.ok('delete', 'pod', 'late')
  })

  it('says that it has no socket, and which resource would give it one', async () => {
    const variables = `${asksForNobody}
        - { name: NSM_DEADLINE, value: 2s }
        - { name: NSM_SERVER_SOCKET, value: /run/nsm/no-such-workspace/nsm.server.io.sock }`
    const done = await mesh.run('apply', '-f', manifests.file('bare', handWritten('bare', variables)))
    expect(done.code).not.toBe(0)
    expect(done.stderr).toMatch(/no-such-workspace/)
    expect(done.stderr).toMatch(/networkservicemesh\.io\/socket/)
    await mesh.ok('delete', 'pod', 'bare')
  })

  it('says at once that neither socket nor workspace is named', async () => {
    const pod = handWritten('nameless', asksForNobody)
    const done = await mesh.run('apply', '-f', manifests.file('nameless', pod))
    expect(done.code).not.toBe(0)
    expect(done.stderr).toMatch(/NSM_SERVER_SOCKET|WORKSPACE/)
    await mesh.ok('delete', 'pod', 'nameless')
  })

  it('that is deleted while it waits leaves nothing in the manager', async () => {
    const before = workspaces()
    await mesh.ok('apply', '-f', manifests.file('waits', clientPod('waits', 'web,nobody')), '--wait', '0')
    await eventually('it waits for the second service', async () =>
      (await messageOf(mesh, 'waits')).includes('nobody') ? true : undefined,
    )
    await mesh.ok('delete', 'pod', 'waits')
    expect(await podNamed(mesh, 'waits')).toBeUndefined()
    expect(await connectionsOf(mesh)).toEqual([])
    expect(await linksOf(mesh, 'gateway')).toEqual([])
    expect(workspaces()).toEqual(before)
  })

  it('that is deleted and applied again has a new connection, and its former address is free', async () => {
    const file = manifests.file('again', clientPod('again', 'web'))
    await mesh.ok('apply', '-f', file)
    const [before] = await connectionsOf(mesh)
    await mesh.ok('delete', '-f', file)
    expect(await connectionsOf(mesh)).toEqual([])
    await mesh.ok('apply', '-f', file)
    const [after] = await connectionsOf(mesh)
    expect(after?.connection.id).not.toBe(before?.connection.id)
    expect(
      await answersTo(mesh, { from: 'again', to: host(after?.connection.context.ipContext.dstIpAddrs[0]) }),
    ).toBe(1)
    expect(await linksOf(mesh, 'gateway')).toHaveLength(1)
    await mesh.ok('delete', '-f', file)
  })

  it('that is deleted while its manager is away leaves nothing in the next one', async () => {
    const before = workspaces()
    const file = manifests.file('orphan', clientPod('orphan', 'web'))
    await mesh.ok('apply', '-f', file)
    await keepKilling(mesh, { program: 'manager' }, async () =>
      (await mesh.run('delete', '-f', file)).code === 0 ? true : undefined,
    )
    await eventually('another manager has no connection', async () => {
      const done = await mesh.run('connections', '--json')
      return done.code === 0 && JSON.parse(done.stdout).connections.length === 0 ? true : undefined
    })
    expect(await linksOf(mesh, 'gateway')).toEqual([])
    // The manager looks every ten seconds for pods that nobody tells of.
    const soonEnough = 45_000
    await eventually(
      'its workspace is freed',
      async () => (workspaces().length === before.length ? true : undefined),
      soonEnough,
    )
  })

  it('twenty at once are all served, with addresses of their own', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `crowd-${index}`)
    const file = manifests.file('crowd', ...names.map(name => clientPod(name, 'web')))
    await mesh.ok('apply', '-f', file)
    const rows = await connectionsOf(mesh)
    expect(rows.map(row => row.connection.state)).toEqual(names.map(() => 'UP'))
    expect(new Set(rows.flatMap(row => row.connection.context.ipContext.srcIpAddrs)).size).toBe(20)
    const restarts = (await podsOf(mesh)).flatMap(pod => pod.containers.map(container => container.restarts))
    expect(restarts.filter(count => count > 0)).toEqual([])
    const answers = await Promise.all(
      rows.slice(0, 5).map(row =>
        answersTo(mesh, {
          from: row.client.name,
          to: host(row.connection.context.ipContext.dstIpAddrs[0]),
        }),
      ),
    )
    expect(answers).toEqual([1, 1, 1, 1, 1])
    await mesh.ok('delete', '-f', file)
    expect(await connectionsOf(mesh)).toEqual([])
    expect(await linksOf(mesh, 'gateway')).toEqual([])
  })
})
