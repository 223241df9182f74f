import { parseArgs } from 'node:util'
import { kernelWork } from '#bench/kernel/work.ts'
import { temporaryFolder } from '#kernel/scratch.ts'
import { measure } from './measure.ts'
import { residentMemory } from './memory.ts'
import { BenchMesh, type BenchPod } from './mesh.ts'
import { against, type Report, type Series, seriesOf } from './report.ts'

/** Measures inside the namespaces that bench/main.ts made; prints the report as JSON. */
const { values } = parseArgs({ options: { connections: { type: 'string', default: '200' } } })
const connections = Number(values.connections)
const programs = ['manager', 'forwarder', 'sidecar-nse']

using folder = temporaryFolder()
const [, baseline] = await kernelWork(folder.path, connections)
await using mesh = await BenchMesh.start()
await mesh.startEndpoint('bench', { IP_ADDRESS: '10.60.0.0/16', ROUTES: '10.100.0.0/24' })
// One pod cannot have the same route through many connections.
await mesh.startEndpoint('load', { IP_ADDRESS: '10.70.0.0/16' })
const clients = await Promise.all(
  Array.from({ length: connections }, (_, index) => mesh.addPod(`client-${index}`)),
)
const loader = await mesh.addPod('loader')
const [first, bundled, rest] = [clients.slice(0, 50), clients.slice(50, 75), clients.slice(75)]
const idle = residentMemory(programs)
const connect = (what: string, items: readonly BenchPod[], parallel: number) =>
  measure(what, { items, parallel }, pod => mesh.runInitClient('bench', pod))
const starts = await inTurn()
const together = await connect('init-client, 16 at a time: start to exit', rest, 16)
const setups = await mesh.setupMillis()
const loaded = residentMemory(programs)
const channel = await mesh.runLoadClient('load', loader)

const own = [...channel, replies('one at a time', first), replies('16 at a time', rest), ...starts, together]
const report: Report = {
  series: [baseline, ...against(baseline, own)],
  memory: programs.map(program => ({
    program,
    idle: idle.get(program) ?? Number.NaN,
    loaded: loaded.get(program) ?? Number.NaN,
  })),
  connections,
}
process.stdout.write(JSON.stringify(report))

/** One at a time, and each in turn with a Node that does nothing, so that ratios mean something on a noisy machine. */
async function inTurn(): Promise<readonly Series[]> {
  const millis: Record<'bare' | 'image' | 'bundle', number[]> = { bare: [], image: [], bundle: [] }
  for (const [index, pod] of first.entries()) {
    millis.bare.push(await mesh.runBareNode(pod))
    millis.image.push(await mesh.runInitClient('bench', pod))
    const other = bundled[index]
    if (other !== undefined) millis.bundle.push(await mesh.runInitClient('bench', other, 'bundle'))
  }
  return [
    seriesOf('bare Node: start to exit', millis.bare, Number.NaN),
    seriesOf('init-client, one at a time: start to exit', millis.image, Number.NaN),
    seriesOf('init-client without its snapshot: start to exit', millis.bundle, Number.NaN),
  ]
}

function replies(how: string, pods: readonly BenchPod[]): Series {
  const millis = pods.flatMap(pod => setups.get(pod.name) ?? [])
  return seriesOf(`manager: Request to reply, ${how}`, millis, Number.NaN)
}
