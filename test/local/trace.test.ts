import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answersTo, Manifests } from './fixture.ts'
import { connectionsOf, host, type Mesh, meshNamed } from './nsm.ts'
import { placed } from './placed.ts'

const manifests = new Manifests()

interface Told {
  readonly node: string
  readonly side: string
  readonly interface: string
  readonly packet?: { readonly direction: string; readonly protocol: string; readonly info: string }
  readonly ended?: { readonly packets: number; readonly dropped: number }
}

/** Starts `nsm trace` and waits until both ends listen. */
async function startTrace(mesh: Mesh, ...args: readonly string[]) {
  const child = mesh.start('trace', ...args)
  const { stdout, stderr } = child
  if (stdout === null || stderr === null) throw new Error('no output')
  const listening = Promise.withResolvers<void>()
  let heard = ''
  const listen = (chunk: unknown): void => {
    heard += String(chunk)
    if (heard.split(/listening on|"started"/).length === 3) listening.resolve()
  }
  stdout.on('data', listen)
  stderr.on('data', listen)
  const done = Promise.all([text(stdout), once(child, 'close') as Promise<[number]>])
  await Promise.race([listening.promise, done])
  return { heard: () => heard, done: done.then(([output, [code]]) => ({ output, code })) }
}

async function onlyConnection(mesh: Mesh) {
  const [row] = await connectionsOf(mesh)
  if (row === undefined) throw new Error('no connection')
  return { id: row.connection.id, to: host(row.connection.context.ipContext.dstIpAddrs[0]) }
}

describe('nsm trace', () => {
  const mesh = meshNamed('t-trace')
  beforeAll(async () => {
    await mesh.ok('up', '--nodes', '2', '--capture')
  })
  afterAll(async () => {
    await mesh.run('down')
    manifests[Symbol.dispose]()
  })

  it.each([
    { where: 'on one node', clients: 'node-1', endpoints: 'node-1' },
    { where: 'between two nodes', clients: 'node-1', endpoints: 'node-2' },
  ])('$where, shows the request and the reply of a ping at both ends', async ({ clients, endpoints }) => {
    const file = manifests.file('p2p', ...placed('manifests/examples/p2p-link', { clients, endpoints }))
    await mesh.ok('apply', '-f', file)
    const { id, to } = await onlyConnection(mesh)
    const tracing = await startTrace(mesh, id, '-c', '100', '--timeout', '5s', '--json')
    expect(await answersTo(mesh, { from: 'device-1', to })).toBe(1)
    const { output, code } = await tracing.done
    expect(code).toBe(0)
    const told = output
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Told)
    const pings = (side: string) =>
      told
        .filter(event => event.side === side && event.packet?.protocol === 'ICMP')
        .map(({ node, interface: name, packet }) => [
          `${node} ${name} ${packet?.direction}`,
          packet?.info.replace(/ \d+ seq.*/, ''),
        ])
    expect(pings('src')).toEqual([
      [`${clients} eth12 sent`, 'echo request'],
      [`${clients} eth12 received`, 'echo reply'],
    ])
    expect(pings('dst')).toEqual([
      [`${endpoints} eth21 received`, 'echo request'],
      [`${endpoints} eth21 sent`, 'echo reply'],
    ])
    await mesh.ok('delete', '-f', file)
  })

  it('ends by itself after the packets asked for, and prints a line of each', async () => {
    const place = { clients: 'node-1', endpoints: 'node-2' }
    const file = manifests.file('p2p', ...placed('manifests/examples/p2p-link', place))
    await mesh.ok('apply', '-f', file)
    const { to } = await onlyConnection(mesh)
    const tracing = await startTrace(mesh, 'device-1', '-c', '2', '--timeout', '30s')
    expect(tracing.heard()).toMatch(/listening on node-1 at eth12 of device-1/)
    await answersTo(mesh, { from: 'device-1', to, count: 3 })
    const { output, code } = await tracing.done
    expect(code).toBe(0)
    expect(output.trim().split('\n')).toHaveLength(4)
    expect(output).toMatch(/\d{2}:\d{2}:\d{2}\.\d{6} {2}node-1 device-1 eth12 (->|<-) {2}([0-9a-f]{2}:){5}/)
    await mesh.ok('delete', '-f', file)
  })
})

describe('nsm trace without the helper', () => {
  const mesh = meshNamed('t-trace-off')
  afterAll(() => mesh.run('down'))

  it('says how to switch it on', async () => {
    await mesh.ok('up', '-f', 'manifests/examples/p2p-link')
    const { code, stderr } = await mesh.run('trace', 'device-1')
    expect(code).toBe(69)
    expect(stderr).toMatch(
      /off by default; start it with: nsm up --capture, in a cluster with: .+ \[UNSUPPORTED\]/,
    )
  })
})
