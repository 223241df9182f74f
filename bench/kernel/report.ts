import { atLeast, atMost, type Goal } from '#bench/goal.ts'
import type { Series } from '#bench/report.ts'
import { table } from '#cli/output/table.ts'
import type { Measure } from './data-path.ts'
import type { SetupReport } from './setup.ts'

/** A whole run. */
export interface KernelReport {
  readonly bare: Series
  readonly work: Series
  readonly moved: Series
  readonly tunnel: Series
  readonly setup: SetupReport
  readonly deletion: readonly Series[]
  readonly paths: readonly Measure[]
}

/** Of bare netlink programs in Go on this kind of machine, and of the CNI plug-ins ptp and bridge; measured once. */
const cited =
  'bare Go netlink: 870 to 1,280 links/s; CNI ptp and bridge: ADD 10 to 12 ms, DEL 23 to 24 ms a link'

/** The report as text for people: series, the data path, and goals with what came of them. */
export function kernelText(machine: string, report: KernelReport): string {
  const { bare, work, moved, tunnel, setup, deletion, paths } = report
  const rows = [bare, work, moved, tunnel, ...setup.series, ...deletion].map(one => [
    one.what,
    String(one.count),
    one.p50.toFixed(2),
    one.p99.toFixed(2),
    one.perSecond?.toFixed(0) ?? '-',
  ])
  const pathRows = paths.map(({ what, by }) => {
    const [unit, scale] = units[what]
    const show = (value: number) => (value / scale).toFixed(2)
    return [
      `${what}, ${unit}`,
      ...[by.connection, by.veth, by.tunnelConnection, by.vxlan, by.bridged].map(show),
    ]
  })
  const { memory, restart } = setup
  return [
    machine,
    cited,
    '',
    table(['WHAT', 'COUNT', 'P50 MS', 'P99 MS', 'PER SECOND'], rows),
    table(
      ['DATA PATH', 'CONNECTION', 'BARE VETH', 'CONNECTION (VXLAN)', 'BARE VXLAN', 'VETH+BRIDGE+VXLAN'],
      pathRows,
    ),
    `forwarder: ${memory.idle.toFixed(0)} MiB idle, ${memory.loaded.toFixed(0)} MiB with 1,000 connections; restart ${restart.ms.toFixed(0)} ms, ${restart.lost} of ${restart.sent} pings lost`,
    '',
    table(
      ['GOAL', 'MEASURED', ''],
      goals(report).map(goal => [goal.name, goal.found, goal.met ? 'met' : 'MISSED']),
    ),
  ].join('\n')
}

const units = {
  throughput: ['Gbit/s', 125_000_000],
  packets: ['1,000/s', 1_000],
  roundtrip: ['microseconds', 1],
} as const

function goals({ bare, work, tunnel, setup, deletion, paths }: KernelReport): readonly Goal[] {
  const [baseline, idle, ...rest] = deletion
  const rates = rest.filter(({ what }) => what.includes('removed at once'))
  const busy = rest.filter(({ what }) => what.startsWith('Request, while'))
  const rate = (one: Series) => (one.perSecond ?? Number.NaN) / (baseline?.perSecond ?? Number.NaN)
  return [
    atMost('kernel work on one node, times the bare loop', [work.p50 / bare.p50], 1.3),
    atLeast('connections/s through the forwarder on one core', [setup.perCoreSecond], 1_000),
    atMost('set-up of a VXLAN end, ms', [tunnel.p50], 0.5),
    atMost(
      `p50 at connection ${setup.flat.connections}, times p50 at 100`,
      [setup.flat.last / setup.flat.first],
      1.5,
    ),
    atLeast('removals/s, times one by one', rates.map(rate), 8),
    atMost(
      'p99 of a Request while 500 links are removed, times idle',
      busy.map(one => one.p99 / (idle?.p99 ?? Number.NaN)),
      2,
    ),
    ...paths.flatMap(({ what, ratio }) => [
      atLeast(`${what}: connection, times bare veth`, [ratio.veth], 0.98),
      atLeast(`${what}: connection between nodes, times bare VXLAN`, [ratio.vxlan], 0.98),
      atLeast(`${what}: connection between nodes, times veth+bridge+VXLAN`, [ratio.bridged], 1),
    ]),
    atMost('resident memory with 1,000 connections, MiB', [setup.memory.loaded], 70),
    atMost('restart until 1,000 connections are adopted, ms', [setup.restart.ms], 1_000),
    atMost('pings lost meanwhile', [setup.restart.lost], 0),
  ]
}
