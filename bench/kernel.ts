import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { create } from '@bufbuild/protobuf'
import { planLinks } from '#forwarder/plan.ts'
import { apply } from '#kernel/apply.ts'
import type { NetnsName } from '#kernel/link-plan.ts'
import { netlinkKernel } from '#kernel/netlink.ts'
import { createNetns, inNetns } from '#kernel/netns.ts'
import { remove } from '#kernel/remove.ts'
import { temporaryFolder } from '#kernel/scratch.ts'
import { programPath } from '#local/program-path.ts'
import { dial } from '#sdk/rpc/dial.ts'
import type { Address, Client } from '#sdk/rpc/types.ts'
import { type CrossConnect, CrossConnectSchema } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { Forwarder } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import { mechanismClass, mechanismType, netnsParameters, parameter } from '#sdk/wire/mechanism.ts'
import { measure } from './measure.ts'
import { residentMemory } from './memory.ts'
import { against, type Report, type Series } from './report.ts'

/** How much to measure. */
export interface KernelBenchOptions {
  /** Links, each from a pod of its own to one endpoint; default 200. */
  readonly connections?: number
}

const forever = new AbortController().signal

/**
 * What the forwarder costs over the kernel: cross connects by its socket beside the same links by `apply` in this
 * process, which are the first series. Measures in namespaces of its own, with the forwarder as a process; nothing stays.
 * Needs a PID namespace of its own, to find the forwarder's memory.
 */
export async function benchKernel({ connections = 200 }: KernelBenchOptions = {}): Promise<Report> {
  await using owned = new AsyncDisposableStack()
  const { path: base } = owned.use(temporaryFolder())
  const endpoint = owned.use(startPod(`${base}/endpoint`))
  const all = Array.from({ length: connections }, (_, at) =>
    crossConnectOf(at, owned.use(startPod(`${base}/client-${at}`)), endpoint),
  )
  const baseline = await bareNetlink(all)
  owned.use(await startForwarder(base))
  const address: Address = `unix://${base}/nsm-kernel-forwarder.forwarder.sock`
  const forwarder = owned.use(dial(address)).client(Forwarder)
  await served(forwarder)
  const request = (what: string, parallel: number) =>
    measure(what, { items: all, parallel }, item => forwarder.request(item))
  const close = (what: string, parallel: number) =>
    measure(what, { items: all, parallel }, ({ id }) => forwarder.close({ id }))
  const idle = forwarderMemory()
  const measured = [
    await request('forwarder: Request, one at a time', 1),
    await request('forwarder: Request again, nothing to change', 1),
    await close('forwarder: Close, 16 at a time', 16),
    await request('forwarder: Request, 16 at a time', 16),
  ]
  const loaded = forwarderMemory()
  const last = await close('forwarder: Close, all at once', connections)
  return {
    series: [baseline, ...against(baseline, [...measured, last])],
    memory: [{ program: 'forwarder', idle, loaded }],
    connections,
  }
}

/** MiB. */
function forwarderMemory(): number {
  return residentMemory(['forwarder']).get('forwarder') ?? Number.NaN
}

/** A namespace with a process in it, which is where a manager says to look for it. */
function startPod(path: string): NetnsName & Disposable {
  using owned = new DisposableStack()
  const { cookie, inode, ...file } = owned.use(createNetns(path))
  const process = inNetns(file, () => spawn('sleep', ['infinity'], { stdio: 'ignore' }))
  owned.defer(() => process.kill('SIGKILL'))
  const pod = owned.move()
  const pidHint = process.pid === undefined ? {} : { pidHint: process.pid }
  return { cookie, inode, ...pidHint, [Symbol.dispose]: () => pod.dispose() }
}

async function bareNetlink(all: readonly CrossConnect[]): Promise<Series> {
  using kernel = netlinkKernel()
  const plans = all.map(planLinks)
  const series = await measure(
    'bare netlink: veth, addresses, route, up',
    { items: plans, parallel: 1 },
    plan => apply(kernel, plan, forever),
  )
  await Promise.all(
    plans.map(({ id, ends }) =>
      remove(
        kernel,
        id,
        ends.map(({ netns }) => netns),
      ),
    ),
  )
  return series
}

async function startForwarder(base: string): Promise<AsyncDisposable> {
  const env = { ...process.env, NSM_BASEDIR: base, LOG_LEVEL: 'error', UV_THREADPOOL_SIZE: '32' }
  const child = spawn(process.execPath, [programPath('forwarder')], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const exit = once(child, 'exit')
  await once(child, 'spawn')
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exit
    },
  }
}

/** Closing what is unknown succeeds as soon as the socket is served. */
async function served(forwarder: Client<typeof Forwarder>): Promise<void> {
  const deadline = AbortSignal.timeout(10_000)
  for (;;) {
    deadline.throwIfAborted()
    try {
      await forwarder.close({ id: 'nothing' })
      return
    } catch {
      // Not there yet: asking takes its time, so this is no busy loop.
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
}

function crossConnectOf(at: number, client: NetnsName, endpoint: NetnsName): CrossConnect {
  const net = `10.61.${at >> 6}`
  const host = (at & 63) * 4
  const context = {
    ipContext: {
      srcIpAddrs: [`${net}.${host + 1}/30`],
      dstIpAddrs: [`${net}.${host + 2}/30`],
      srcRoutes: [{ prefix: '10.100.0.0/24' }],
    },
  }
  return create(CrossConnectSchema, {
    id: `bench-${at}`,
    payload: 'IP',
    source: { mechanism: mechanism(client, 'nsm0'), context },
    destination: { mechanism: mechanism(endpoint, `nse${at}`), context },
  })
}

function mechanism(netns: NetnsName, name: string) {
  const parameters = { ...netnsParameters(netns), [parameter.name]: name }
  return { cls: mechanismClass.local, type: mechanismType.kernel, parameters }
}
