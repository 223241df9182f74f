import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EndPlan, VxlanPlan } from './link-plan.ts'
import { netlinkKernel } from './netlink.ts'
import { createNetns, inNetns, type Netns, type NetnsFile } from './netns.ts'
import type { Kernel } from './port.ts'
import { temporaryFolder } from './scratch.ts'

/** Sends a megabyte, in packets as large as the interface takes, to whoever connects. */
const server = `require('node:net').createServer(s => s.end(Buffer.alloc(1 << 20))).listen(8080, '::', () => console.log('ready'))`
const client = `let n = 0; require('node:net').connect(8080, process.argv[1]).on('data', d => n += d.length).on('close', () => console.log(n))`

interface Wired {
  readonly index: number
  readonly mac: string
  readonly mtu: number
  readonly changes: readonly string[]
}

/** Two nodes with a wire between them, and a pod on each. */
describe('VXLAN between two nodes', () => {
  let owned: DisposableStack
  let kernel: Kernel
  let nodes: readonly [Netns, Netns]
  let pods: readonly [Netns, Netns]

  beforeEach(() => {
    owned = new DisposableStack()
    const folder = owned.use(temporaryFolder())
    const make = (name: string) => owned.use(createNetns(`${folder.path}/${name}`))
    kernel = owned.use(netlinkKernel())
    nodes = [make('node-1'), make('node-2')]
    pods = [make('pod-1'), make('pod-2')]
    using first = kernel.open(nodes[0])
    using second = kernel.open(nodes[1])
    first.link.createVeth({ name: 'wire' }, { name: 'wire', namespace: second })
    for (const [at, node] of [first, second].entries()) {
      const index = node.link.get('wire')?.index ?? 0
      node.addr.add(index, `198.51.100.${at + 1}/24`)
      node.addr.add(index, `2001:db8:f::${at + 1}/64`)
      node.link.set(index, { admin: 'up' })
    }
  })

  afterEach(() => owned.dispose())

  function plans([one, two]: readonly [string, string]): readonly [VxlanPlan, VxlanPlan] {
    const end = (at: 0 | 1): EndPlan => ({
      netns: { cookie: pods[at].cookie },
      name: 'nsm0',
      alias: `nsm:x1:${at === 0 ? 'src' : 'dst'}`,
      addresses: [`10.0.0.${at + 1}/30`, `fd00::${at + 1}/126`],
      routes: [],
      neighbours: [],
      policies: [],
    })
    const plan = (at: 0 | 1, local: string, remote: string): VxlanPlan => ({
      id: 'x1',
      kind: 'vxlan',
      ends: [end(at)],
      tunnel: { vni: 4711, local, remote, port: 14789 },
    })
    return [plan(0, one, two), plan(1, two, one)]
  }

  test.each([
    { underlay: 'IPv4', addresses: ['198.51.100.1', '198.51.100.2'], mtu: 1450 },
    { underlay: 'IPv6', addresses: ['2001:db8:f::1', '2001:db8:f::2'], mtu: 1430 },
  ] as const)('carries full packets of both families over $underlay, at once', async ({ addresses, mtu }) => {
    const [first, second] = plans(addresses)
    const made = await Promise.all([applyOn(nodes[0], first), applyOn(nodes[1], second)])
    expect(made.map(wired => wired.mtu)).toEqual([mtu, mtu])

    const before = sentBy(nodes[1])
    const serving = nodeIn(pods[1], server)
    await once(serving.stdout, 'data')
    for (const address of ['10.0.0.2', 'fd00::2'])
      expect(await text(nodeIn(pods[0], client, address).stdout)).toBe(`${1 << 20}\n`)
    serving.kill('SIGKILL')
    await once(serving, 'exit')
    expect(sentBy(nodes[1]) - before).toBeGreaterThan(2n << 20n)

    for (const [at, node] of nodes.entries()) {
      using namespace = kernel.open(node)
      expect(namespace.link.list().map(({ name }) => name)).toEqual(['lo', 'wire'])
      using pod = kernel.open(at === 0 ? pods[0] : pods[1])
      expect(pod.link.list().map(({ name, tunnel }) => ({ name, tunnel }))).toEqual([
        { name: 'lo', tunnel: undefined },
        { name: 'nsm0', tunnel: (at === 0 ? first : second).tunnel },
      ])
    }
  })

  test('keeps index, MAC and packets when it is asked for again, and shrinks with the wire', async () => {
    const [plan] = plans(['198.51.100.1', '198.51.100.2'])
    const made = await applyOn(nodes[0], plan)
    expect(await applyOn(nodes[0], plan)).toEqual({ ...made, changes: [] })
    {
      using node = kernel.open(nodes[0])
      node.link.set(node.link.get('wire')?.index ?? 0, { mtu: 1400 })
    }
    expect(await applyOn(nodes[0], plan)).toEqual({
      ...made,
      mtu: 1350,
      changes: ['nsm0: link set mtu 1350'],
    })
  })

  function sentBy(node: Netns): bigint {
    using namespace = kernel.open(node)
    return namespace.link.list().find(({ name }) => name === 'wire')?.stats?.txBytes ?? 0n
  }
})

/** Applies a plan as a process of a node. */
async function applyOn(node: NetnsFile, plan: VxlanPlan): Promise<Wired> {
  const order = JSON.stringify([plan], (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
  const child = inNetns(node, () =>
    spawn(process.execPath, ['kernel/apply-child.ts', order], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  return JSON.parse(await text(child.stdout)) as Wired
}

function nodeIn(netns: NetnsFile, code: string, ...args: readonly string[]) {
  return inNetns(netns, () =>
    spawn(process.execPath, ['-e', code, ...args], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
}
