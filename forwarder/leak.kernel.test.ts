import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { NetnsName } from '#kernel/link-plan.ts'
import { list } from '#kernel/list.ts'
import { netlinkKernel } from '#kernel/netlink.ts'
import { createNetns, inNetns } from '#kernel/netns.ts'
import type { Kernel } from '#kernel/port.ts'
import { temporaryFolder } from '#kernel/scratch.ts'
import { NetlinkSocket } from '#kernel/socket.ts'
import { dial } from '#sdk/rpc/dial.ts'
import type { Client } from '#sdk/rpc/types.ts'
import { Forwarder } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import { exampleCrossConnect } from './example.ts'
import { serveRegistrar } from './registrar.ts'

/** Four generations, ten thousand connections in all. */
const clientPods = 20
const endpointPods = 4
const perGeneration = 2500
const atOnce = 500

test('10,000 connections leave nothing: no link, rule, namespace, id, descriptor or memory', {
  timeout: 300_000,
}, async () => {
  await using owned = new AsyncDisposableStack()
  const base = owned.use(temporaryFolder()).path
  const registrar = owned.use(await serveRegistrar(`unix://${base}/nsm.forwarder-registrar.io.sock`))
  const { pid } = owned.use(startProgram(base))
  const { forwarderSocket } = await registrar.nextRegistration()
  const forwarder = owned.use(dial(`unix://${forwarderSocket}`)).client(Forwarder)
  using kernel = netlinkKernel()
  const parts = { kernel, forwarder, base }
  const idsBefore = nsids()

  // The first two warm up: threads, buffers and compiled code stay.
  for (const number of [0, 1]) await generation(parts, number)
  const before = { descriptors: descriptorsOf(pid), memory: memoryOf(pid) }
  for (const number of [2, 3]) await generation(parts, number)

  // The kernel frees namespaces some time after their last process.
  await expect.poll(nsids, { timeout: 20_000 }).toBe(idsBefore)
  await expect.poll(() => descriptorsOf(pid), { timeout: 20_000 }).toBe(before.descriptors)
  // 5 KiB for each connection since, which the messages of one alone exceed.
  expect(memoryOf(pid) - before.memory).toBeLessThan(24)
})

interface Parts {
  readonly kernel: Kernel
  readonly forwarder: Client<typeof Forwarder>
  readonly base: string
}

/** Pods that start, are joined by connections that are made and closed, and end. */
async function generation({ kernel, forwarder, base }: Parts, number: number): Promise<void> {
  await using owned = new AsyncDisposableStack()
  const start = (count: number) =>
    Array.from({ length: count }, () => owned.use(startPod(`${base}/pod`)).netns)
  const [clients, endpoints] = [start(clientPods), start(endpointPods)]
  const all = [...clients, ...endpoints]
  for (let first = 0; first < perGeneration; first += atOnce) {
    const some = Array.from({ length: atOnce }, (_, at) => {
      const source = clients[at % clientPods] ?? { cookie: 0n }
      return connection(`g${number}-${first + at}`, {
        source,
        destination: endpoints[at % endpointPods] ?? source,
      })
    })
    await inParallel(some, 8, crossConnect => forwarder.request(crossConnect))
    if (first === 0) expect(list(kernel, all)).toHaveLength(2 * atOnce)
    await inParallel(some, atOnce, ({ id }) => forwarder.close({ id }))
  }
  expect(all.flatMap(netns => leftIn(kernel, netns))).toEqual([])
}

function connection(
  id: string,
  { source, destination }: { readonly source: NetnsName; readonly destination: NetnsName },
) {
  const at = Number(id.split('-')[1]) % atOnce
  const address = (host: number) => `10.${at >> 6}.${at & 63}.${host}`
  const policy = { from: `${address(1)}/32`, routes: [{ prefix: '172.16.0.0/16', nextHop: address(2) }] }
  return exampleCrossConnect({
    id,
    source: { name: `c${at}`, netns: source },
    destination: { name: `e${at}`, netns: destination },
    context: {
      ipContext: {
        srcIpAddrs: [`${address(1)}/30`],
        dstIpAddrs: [`${address(2)}/30`],
        // One in ten, as few have them.
        ...(at % 10 === 0 ? { policies: [policy] } : {}),
      },
    },
  })
}

/** What is not the pod's own. */
function leftIn(kernel: Kernel, netns: NetnsName): readonly string[] {
  using namespace = kernel.open(netns)
  const links = namespace.link.list().map(({ name }) => name)
  const rules = namespace.rule.list().filter(({ origin }) => origin === 'ours')
  return [...links.filter(name => name !== 'lo'), ...rules.map(({ table }) => `table ${table}`)]
}

async function inParallel<T>(
  items: readonly T[],
  parallel: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const waiting = items.values()
  const worker = async () => {
    for (const item of waiting) await work(item)
  }
  await Promise.all(Array.from({ length: parallel }, worker))
}

/** A namespace that lives as long as its process. */
function startPod(path: string): { readonly netns: NetnsName } & AsyncDisposable {
  using file = createNetns(path)
  const child = inNetns(file, () => spawn('sleep', ['infinity'], { stdio: 'ignore' }))
  const { cookie, inode } = file
  return { netns: { cookie, inode, pidHint: child.pid ?? 0 }, [Symbol.asyncDispose]: () => ended(child) }
}

function startProgram(base: string): { readonly pid: number } & AsyncDisposable {
  const env = {
    ...process.env,
    NSM_BASEDIR: base,
    LOG_LEVEL: 'error',
    NODE_OPTIONS: '--max-semi-space-size=1',
    UV_THREADPOOL_SIZE: '16',
  }
  const child = spawn(process.execPath, ['forwarder/main.ts'], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return { pid: child.pid ?? 0, [Symbol.asyncDispose]: () => ended(child) }
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** Resident memory in MiB. */
function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

/** Ids that namespaces have in ours. Equivalent to: `ip netns list-id | wc -l` */
function nsids(): number {
  using socket = new NetlinkSocket()
  return socket.dump({ name: 'RTM_GETNSID', body: Buffer.alloc(4), doing: 'counting namespace ids' }).length
}
