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
const alone = await connect('init-client, one at a time: start to exit', first, 1)
const together = await connect('init-client, 16 at a time: start to exit', rest, 16)
const asBundle = await measure(
  'init-client without its snapshot: start to exit',
  { items: bundled, parallel: 1 },
  pod => mesh.runInitClient('bench', pod, 'bundle'),
)
const bare = await measure('bare Node: start to exit', { items: first, parallel: 1 }, pod =>
  mesh.runBareNode(pod),
)
const setups = await mesh.setupMillis()
const loaded = residentMemory(programs)
const channel = await mesh.runLoadClient('load', loader)

const own = [
  ...channel,
  replies('one at a time', first),
  replies('16 at a time', rest),
  bare,
  alone,
  asBundle,
  together,
]
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

function replies(how: string, pods: readonly BenchPod[]): Series {
  const millis = pods.flatMap(pod => setups.get(pod.name) ?? [])
  return seriesOf(`manager: Request to reply, ${how}`, millis, Number.NaN)
}
