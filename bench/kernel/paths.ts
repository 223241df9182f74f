import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { LinkPlan } from '#kernel/link-plan.ts'
import { inNetns } from '#kernel/netns.ts'
import { type Place, startPlace } from './places.ts'

/** Two nodes with a wire between them, a pod on each and a second one on the first; and the ways from pod to pod. */
export interface Paths extends Disposable {
  readonly first: Place
  /** On the same node. */
  readonly beside: Place
  /** On the other node. */
  readonly far: Place
}

/** Addresses of the other end of each way, from `first`. */
export const way = {
  connection: '10.9.1.2',
  veth: '10.9.2.2',
  tunnelConnection: '10.9.3.2',
  vxlan: '10.9.4.2',
  bridged: '10.9.5.2',
} as const

/** Lays them: connections by our own code, the others with ip(8) and its defaults. */
export async function layPaths(base: string): Promise<Paths> {
  using owned = new DisposableStack()
  const place = (name: string) => owned.use(startPlace(`${base}/${name}`))
  const [nodeA, nodeB] = [place('node-a'), place('node-b')]
  const [first, beside, far] = [place('first'), place('beside'), place('far')]
  const both = [
    { node: nodeA, pod: first, at: 1 },
    { node: nodeB, pod: far, at: 2 },
  ] as const
  ip(nodeA, 'link', 'add', 'wire', 'type', 'veth', 'peer', 'name', 'wire', 'netns', String(nodeB.pidHint))
  for (const { node, at } of both) {
    ip(node, 'addr', 'add', `198.51.100.${at}/24`, 'dev', 'wire')
    ip(node, 'link', 'set', 'wire', 'up')
  }
  layVeth(first, beside)
  for (const each of both) {
    layVxlan(each.node, each.pod, each.at)
    layBridged(each.node, each.pod, each.at)
  }
  await applyIn(nodeA, [pairPlan(first, beside), tunnelPlan(first, 1)])
  await applyIn(nodeB, [tunnelPlan(far, 2)])
  const held = owned.move()
  return { first, beside, far, [Symbol.dispose]: () => held.dispose() }
}

function layVeth(one: Place, other: Place): void {
  ip(one, 'link', 'add', 'bare', 'type', 'veth', 'peer', 'name', 'bare', 'netns', String(other.pidHint))
  ip(one, 'addr', 'add', '10.9.2.1/24', 'dev', 'bare')
  ip(other, 'addr', 'add', '10.9.2.2/24', 'dev', 'bare')
  for (const each of [one, other]) ip(each, 'link', 'set', 'bare', 'up')
}

function vxlan(at: number, vni: number): readonly string[] {
  const ends = ['local', `198.51.100.${at}`, 'remote', `198.51.100.${3 - at}`]
  return ['type', 'vxlan', 'id', String(vni), ...ends, 'dstport', '14789']
}

function layVxlan(node: Place, pod: Place, at: number): void {
  ip(node, 'link', 'add', 'vx', ...vxlan(at, 4001))
  ip(node, 'link', 'set', 'vx', 'netns', String(pod.pidHint))
  ip(pod, 'addr', 'add', `10.9.4.${at}/24`, 'dev', 'vx')
  ip(pod, 'link', 'set', 'vx', 'up')
}

function layBridged(node: Place, pod: Place, at: number): void {
  ip(node, 'link', 'add', 'name', 'bridge0', 'type', 'bridge')
  ip(node, 'link', 'add', 'name', 'brvx', 'master', 'bridge0', ...vxlan(at, 4002))
  const peer = ['peer', 'name', 'cni', 'mtu', '1450', 'netns', String(pod.pidHint)]
  ip(node, 'link', 'add', 'name', 'port', 'mtu', '1450', 'master', 'bridge0', 'type', 'veth', ...peer)
  for (const name of ['bridge0', 'brvx', 'port']) ip(node, 'link', 'set', name, 'up')
  ip(pod, 'addr', 'add', `10.9.5.${at}/24`, 'dev', 'cni')
  ip(pod, 'link', 'set', 'cni', 'up')
}

function ip(place: Place, ...args: readonly string[]): void {
  inNetns(place, () => void execFileSync('ip', [...args], { stdio: ['ignore', 'ignore', 'inherit'] }))
}

const nothing = { routes: [], neighbours: [], policies: [] }

function pairPlan(one: Place, other: Place): LinkPlan {
  const end = (place: Place, at: number, role: string) => ({
    netns: { cookie: place.cookie, pidHint: place.pidHint },
    name: 'nsm0',
    alias: `nsm:pair:${role}`,
    addresses: [`10.9.1.${at}/24`],
    ...nothing,
  })
  return { id: 'pair', kind: 'veth', ends: [end(one, 1, 'src'), end(other, 2, 'dst')] }
}

function tunnelPlan(place: Place, at: 1 | 2): LinkPlan {
  const end = {
    netns: { cookie: place.cookie, pidHint: place.pidHint },
    name: 'nsm1',
    alias: `nsm:tunnel:${at === 1 ? 'src' : 'dst'}`,
    addresses: [`10.9.3.${at}/24`],
    ...nothing,
  }
  const tunnel = { vni: 4000, local: `198.51.100.${at}`, remote: `198.51.100.${3 - at}`, port: 14_789 }
  return { id: 'tunnel', kind: 'vxlan', ends: [end], tunnel }
}

/** Applies plans in a process of the node, as its forwarder would. */
async function applyIn(node: Place, plans: readonly LinkPlan[]): Promise<void> {
  const json = JSON.stringify(plans, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
  const child = inNetns(node, () =>
    fork(join(import.meta.dirname, 'bench-apply.js'), [json], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  )
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error('the connections whose traffic is measured could not be made')
}
