import { type Series, seriesOf } from '#bench/report.ts'
import { applyNew } from '#kernel/apply.ts'
import { attribute } from '#kernel/codec/attribute.ts'
import { encodeVxlan } from '#kernel/codec/link.ts'
import { flag } from '#kernel/codec/message.ts'
import { i32 } from '#kernel/codec/value.ts'
import type { VxlanPlan } from '#kernel/link-plan.ts'
import { netlinkKernel } from '#kernel/netlink.ts'
import { nodeNetns, openNetnsFile } from '#kernel/netns.ts'
import { openSocketIn } from '#kernel/socket.ts'
import { bare } from './bare.ts'
import { type Field, planOf, startPlace } from './places.ts'

const forever = new AbortController().signal

/** The kernel's work for a link between two pods of a node, link by link in turn with the bare messages of one. */
export async function kernelWork(base: string, count: number): Promise<readonly [Series, Series]> {
  using owned = new DisposableStack()
  const field: Field = {
    clients: Array.from({ length: 20 }, (_, at) => owned.use(startPlace(`${base}/work-${at}`))),
    endpoint: owned.use(startPlace(`${base}/work-endpoint`)),
  }
  const kernel = owned.use(netlinkKernel())
  const loop = owned.use(bare(field))
  const [baseline, ours]: [number[], number[]] = [[], []]
  for (let at = 0; at < count; at++) {
    const sending = loop.prepare(at)
    await timed(baseline, async () => sending())
    const plan = planOf(field, at)
    await timed(ours, () => applyNew(kernel, plan, forever))
  }
  // What runs for the first time says nothing.
  const warm = Math.floor(count / 4)
  return [
    seriesOf('bare loop: the messages of a link, nothing else', baseline.slice(warm), Number.NaN),
    seriesOf('kernel work of a connection on one node', ours.slice(warm), Number.NaN),
  ]
}

/** A tunnel's end, straight into the pod, in turn with a device that is made on the node and then moved. */
export async function tunnelWork(base: string, count: number): Promise<readonly [Series, Series]> {
  using owned = new DisposableStack()
  const pods = Array.from({ length: 10 }, (_, at) => owned.use(startPlace(`${base}/tunnel-${at}`)))
  const kernel = owned.use(netlinkKernel())
  const wire = owned.use(startPlace(`${base}/wire`))
  using own = kernel.openOwn()
  using other = kernel.open(wire)
  const [index] = own.link.createVeth({ name: 'bench-wire' }, { name: 'wire', namespace: other })
  own.addr.add(index, '192.0.2.1/24')
  own.link.set(index, { admin: 'up' })
  const node = owned.use(openNetnsFile(nodeNetns().path))
  const socket = owned.use(openSocketIn(node))
  const [straight, moved]: [number[], number[]] = [[], []]
  for (let at = 0; at < count; at++) {
    const pod = pods[at % pods.length]
    if (pod === undefined) break
    const plan = tunnelOf(at, pod)
    await timed(straight, () => applyNew(kernel, plan, forever))
    using target = openNetnsFile(pod.path)
    const name = `moved${at}`
    const doing = `making ${name}`
    await timed(moved, async () => {
      const body = encodeVxlan({ name, netnsFd: node.fd }, { ...plan.tunnel, vni: 100_000 + at })
      socket.change({ name: 'RTM_NEWLINK', flags: flag.create | flag.exclusive, body, doing })
      const made = own.link.get(name)
      const head = Buffer.alloc(16)
      head.writeInt32LE(made?.index ?? 0, 4)
      // IFLA_NET_NS_FD.
      const move = Buffer.concat([head, attribute(28, i32(target.fd))])
      socket.change({ name: 'RTM_SETLINK', body: move, doing })
    })
  }
  await own.link.remove(index)
  return [
    seriesOf('VXLAN device made, then moved to the pod', moved, Number.NaN),
    seriesOf('kernel work of a connection to another node (VXLAN)', straight.slice(count >> 2), Number.NaN),
  ]
}

function tunnelOf(at: number, pod: { readonly cookie: bigint; readonly pidHint: number }): VxlanPlan {
  const { cookie, pidHint } = pod
  return {
    id: `t${at}`,
    kind: 'vxlan',
    tunnel: { vni: 1_000 + at, local: '192.0.2.1', remote: '192.0.2.2', port: 14_789 },
    ends: [
      {
        netns: { cookie, pidHint },
        name: `nsm${at}`,
        alias: `nsm:t${at}:src`,
        addresses: [`10.66.${at >> 6}.${(at & 63) * 4 + 1}/30`],
        routes: [],
        neighbours: [],
        policies: [],
      },
    ],
  }
}

async function timed(durations: number[], work: () => Promise<unknown>): Promise<void> {
  const before = performance.now()
  await work()
  durations.push(performance.now() - before)
}
