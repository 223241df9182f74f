import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientPod, Manifests } from './fixture.ts'
import { connectionsOf, eventually, meshNamed, podsOf } from './nsm.ts'

const mesh = meshNamed('t-external')
const example = resolve('docs/examples/forwarder/lan.ts')

/** The third party's forwarder, as its DaemonSet would run it. */
const forwarder = `apiVersion: apps/v1
kind: DaemonSet
metadata: { name: lan-forwarder }
spec:
  selector: { matchLabels: { app: lan-forwarder } }
  template:
    metadata: { labels: { app: lan-forwarder } }
    spec:
      hostNetwork: true
      terminationGracePeriodSeconds: 0
      containers:
        - { name: forwarder, image: lan-forwarder, command: ["node", ${JSON.stringify(example)}] }
`

/** Two pods that know no more than the name of the service. */
const clients = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: desk
  annotations: { ns.networkservicemesh.io: office/lan }
spec:
  replicas: 2
  selector: { matchLabels: { app: desk } }
  template:
    metadata: { labels: { app: desk } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - { name: app, image: alpine, command: ["tail", "-f", "/dev/null"] }
`

/** The pod of the name's beginning. */
async function podOf(prefix: string): Promise<string> {
  const pod = (await podsOf(mesh)).find(row => row.name.startsWith(prefix))
  if (pod === undefined) throw new Error(`there is no pod ${prefix}…`)
  return pod.name
}

/** The addresses of all clients. */
async function addresses(): Promise<readonly string[]> {
  const rows = await connectionsOf(mesh)
  return rows
    .flatMap(({ connection }) => connection.context.ipContext.srcIpAddrs)
    .toSorted((a, b) => a.localeCompare(b))
}

describe('an external network of a third party’s forwarder', () => {
  const files = new Manifests()

  beforeAll(async () => {
    const manifests = [files.file('forwarder', forwarder), files.file('clients', clients)]
    await mesh.ok('up', ...manifests.flatMap(file => ['-f', file]))
  })
  afterAll(async () => {
    await mesh.ok('down')
    files[Symbol.dispose]()
  })

  it('gives the pods of an annotated Deployment an interface with an address of that network', async () => {
    const rows = await connectionsOf(mesh)
    expect(await addresses()).toEqual(['10.77.0.2/24', '10.77.0.3/24'])
    expect(rows[0]?.connection.networkServiceEndpointName).toBe('lan@lan.node-1')
    expect(await mesh.ok('connections')).toMatch(/office .* lan .* UP/)
  })

  it('lets a pod reach the node’s end of the network and the other pod', async () => {
    const [row] = await connectionsOf(mesh)
    const own = row?.connection.context.ipContext.srcIpAddrs[0]
    const other = own === '10.77.0.2/24' ? '10.77.0.3' : '10.77.0.2'
    for (const address of ['10.77.0.1', other])
      await mesh.ok('exec', row?.client.name ?? '', '--', 'ping', '-c', '1', '-W', '5', address)
  })

  it('nsm describe tells that the network was chosen', async () => {
    const [row] = await connectionsOf(mesh)
    expect(await mesh.ok('describe', row?.client.name ?? '')).toContain(
      'chose the external network lan on this node',
    )
  })

  it('nsm forwarder verify finds nothing wrong with the forwarder, while it serves', async () => {
    const pod = await podOf('lan-forwarder-')
    const node = resolve('node_modules/.bin/node')
    const socket = '/run/nsm/node-1/nsm-lan.forwarder.sock'
    const command = [
      node,
      resolve('dist/cli.js'),
      'forwarder',
      'verify',
      socket,
      '--network',
      'lan',
      '--json',
    ]
    const done = await mesh.run('exec', pod, '--', ...command)
    const report = JSON.parse(done.stdout) as { failed: number; passed: number; results: unknown[] }
    expect(report, done.stdout).toMatchObject({ failed: 0 })
    expect(report.passed).toBeGreaterThan(25)
    expect(done.code).toBe(0)
  })

  it('keeps its pods connected through kill -9 of the forwarder', async () => {
    const [row] = await connectionsOf(mesh)
    const client = row?.client.name ?? ''
    const ping = mesh.run('exec', client, '--', 'ping', '-i', '0.02', '-c', '150', '-W', '2', '10.77.0.1')
    await mesh.run('exec', await podOf('lan-forwarder-'), '--', 'pkill', '-9', '-f', example)
    const restarts = async () =>
      (await podsOf(mesh)).find(({ name }) => name.startsWith('lan-forwarder-'))?.containers[0]?.restarts
    await eventually('the forwarder is started again', async () => ((await restarts()) ?? 0) > 0 || undefined)
    expect((await ping).stdout).toContain('150 received')
    await eventually(
      'both connections are up',
      async () =>
        (await connectionsOf(mesh)).every(({ connection }) => (connection.state ?? 'UP') === 'UP') ||
        undefined,
    )
    expect(await addresses()).toEqual(['10.77.0.2/24', '10.77.0.3/24'])
  })

  it('ends with a pod: its port leaves the bridge', async () => {
    await mesh.ok('delete', 'deployment', 'desk')
    await eventually(
      'no connection is left',
      async () => (await connectionsOf(mesh)).length === 0 || undefined,
    )
    const links = await mesh.ok(
      'exec',
      await podOf('lan-forwarder-'),
      '--',
      'ip',
      '-br',
      'link',
      'show',
      'type',
      'veth',
    )
    expect(links).not.toMatch(/^lan[0-9a-f]{10}/m)
  })

  it('is offered no longer when the forwarder is gone, and again when it comes back', async () => {
    await mesh.ok('delete', 'daemonset', 'lan-forwarder')
    await eventually('the network leaves', async () =>
      (await mesh.ok('services')).includes('lan@') ? undefined : true,
    )
    await mesh.ok('apply', '-f', files.file('late', clientPod('late', 'office/lan')), '--wait', '0')
    await eventually(
      'the client is told',
      async () => (await mesh.run('describe', 'late')).stdout.includes('no endpoint') || undefined,
    )
    await mesh.ok('apply', '-f', files.file('forwarder', forwarder))
    await eventually(
      'the client is connected',
      async () => (await podsOf(mesh)).find(({ name }) => name === 'late')?.status === 'Running' || undefined,
    )
    await mesh.ok('exec', 'late', '--', 'ping', '-c', '1', '-W', '5', '10.77.0.1')
  })
})
