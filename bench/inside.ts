import { parseArgs } from 'node:util'
import { apply } from '#kernel/apply.ts'
import type { EndPlan, LinkPlan } from '#kernel/link-plan.ts'
import type { Netns } from '#kernel/netns.ts'
import { remove } from '#kernel/remove.ts'
import { residentMemory } from './memory.ts'
import { BenchMesh, type BenchPod } from './mesh.ts'
import { against, type Report, type Series, seriesOf } from './report.ts'

/** Measures inside the namespaces that bench/main.ts made; prints the report as JSON. */
const { values } = parseArgs({ options: { connections: { type: 'string', default: '200' } } })
const connections = Number(values.connections)
const forever = new AbortController().signal

await using mesh = await BenchMesh.start()
const endpoint = await mesh.startEndpoint()
const clients = await Promise.all(
  Array.from({ length: connections }, (_, index) => mesh.addPod(`client-${index}`)),
)
const measured = ['manager', 'forwarder', 'sidecar-nse']
const idle = residentMemory(measured)
const baseline = await bareNetlink(mesh, endpoint.netns, clients)
const [first, rest] = [clients.slice(0, 50), clients.slice(50)]
const alone = await connect('init-client, one at a time: start to exit', { clients: first, parallel: 1 })
const together = await connect('init-client, 16 at a time: start to exit', { clients: rest, parallel: 16 })
const setups = await mesh.setupMillis()
const loaded = residentMemory(measured)
const report: Report = {
  series: [
    baseline,
    ...against(baseline, [
      replies('Request to reply, one at a time', first),
      replies('Request to reply, 16 at a time', rest),
      alone,
      together,
    ]),
  ],
  memory: measured.map(program => ({
    program,
    idle: idle.get(program) ?? Number.NaN,
    loaded: loaded.get(program) ?? Number.NaN,
  })),
  connections,
}
process.stdout.write(JSON.stringify(report))

function replies(what: string, pods: readonly BenchPod[]): Series {
  return seriesOf(
    what,
    pods.flatMap(pod => setups.get(pod.name) ?? []),
    Number.NaN,
  )
}

/** The same links, made and removed by our netlink code alone: what a connection costs at least. */
async function bareNetlink({ kernel }: BenchMesh, server: Netns, pods: readonly BenchPod[]): Promise<Series> {
  const plans = pods.map(({ netns }, index) => planOf(netns, server, index))
  const begun = performance.now()
  const durations: number[] = []
  for (const plan of plans) {
    const before = performance.now()
    await apply(kernel, plan, forever)
    durations.push(performance.now() - before)
  }
  const wall = performance.now() - begun
  await Promise.all(
    plans.map(plan =>
      remove(
        kernel,
        plan.id,
        plan.ends.map(end => end.netns),
      ),
    ),
  )
  return seriesOf('bare netlink: veth, addresses, route, up', durations, wall)
}

function planOf(client: Netns, server: Netns, index: number): LinkPlan {
  const subnet = `10.61.${Math.floor(index / 64)}.${(index % 64) * 4}`
  const [base, last] = [
    subnet.slice(0, subnet.lastIndexOf('.')),
    Number(subnet.slice(subnet.lastIndexOf('.') + 1)),
  ]
  const end = (netns: Netns, role: 'src' | 'dst', host: number): EndPlan => ({
    netns,
    name: role === 'src' ? 'nsm0' : `bare${index}`,
    alias: `nsm:bare-${index}:${role}`,
    addresses: [`${base}.${last + host}/30`],
    routes: role === 'src' ? [{ prefix: '10.100.0.0/24', via: `${base}.${last + 2}` }] : [],
    neighbours: [],
  })
  return { id: `bare-${index}`, kind: 'veth', ends: [end(client, 'src', 1), end(server, 'dst', 2)] }
}

/** Runs init clients as processes, so many at a time. */
async function connect(
  what: string,
  load: { readonly clients: readonly BenchPod[]; readonly parallel: number },
): Promise<Series> {
  const waiting = [...load.clients]
  const durations: number[] = []
  const worker = async () => {
    for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift())
      durations.push(await mesh.runInitClient(pod))
  }
  const begun = performance.now()
  await Promise.all(Array.from({ length: load.parallel }, worker))
  return seriesOf(what, durations, performance.now() - begun)
}
