import { atMost, type Goal } from '#bench/goal.ts'
import { seriesOf } from '#bench/report.ts'
import { table } from '#cli/output/table.ts'
import type { Burst } from './burst.ts'
import type { ClusterReport } from './measure.ts'
import type { Held } from './memory.ts'
import type { Turn } from './one-by-one.ts'

/** The report as text for people: five tables, and goals with what came of them. */
export function clusterText(machine: string, report: ClusterReport): string {
  const { turns, bursts, idle, loaded } = report
  const count = bursts[0]?.ready.length ?? 0
  return [
    `${machine}, load ${report.load.toFixed(1)} before`,
    '',
    table(['INIT PROCESS, START TO EXIT', 'COUNT', 'P50 MS', 'P99 MS', 'TIMES BARE NODE'], initRows(report)),
    table(
      ['POD CREATED TO READY', 'COUNT', 'P50 MS', 'P99 MS', 'MINUS PLAIN, P50 MS', 'MINUS BARE NODE, P50 MS'],
      readyRows(turns),
    ),
    table(
      [
        `${count} PODS AT ONCE`,
        'ALL READY S',
        'TIMES PLAIN',
        'P50 S',
        'FAILED',
        'REFUSED',
        'PROCESSES A POD',
        'MIB A POD',
      ],
      bursts.map(one => burstRow(one, bursts)),
    ),
    table(
      ['PINGS EVERY 10 MS, TWO CONNECTIONS', 'SENT', 'LOST'],
      report.pings.map(({ during, sent, lost }) => [during, String(sent), String(lost)]),
    ),
    table(
      [
        'MIB ON A NODE',
        'RESIDENT',
        'PROPORTIONAL',
        'WORKING SET',
        ...['RESIDENT', 'PROPORTIONAL', 'WORKING SET'].map(what => `${what}, ${count / 2} CLIENTS`),
      ],
      memoryRows(idle, loaded),
    ),
    table(
      ['GOAL', 'MEASURED', ''],
      goals(report).map(goal => [goal.name, goal.found, goal.met ? 'met' : 'MISSED']),
    ),
  ].join('\n')
}

function initRows({ turns, bursts }: ClusterReport): readonly (readonly string[])[] {
  const [, bare, ...annotated] = turns
  const [, bareBurst, burst] = bursts
  const base = median(bare?.init ?? [])
  const baseBurst = median(bareBurst?.init ?? [])
  return [
    initRow('bare Node', bare?.init ?? [], base),
    ...annotated.map(({ what, init }) => initRow(what.replace('annotated', 'nsm-init'), init, base)),
    initRow('bare Node, all pods at once', bareBurst?.init ?? [], baseBurst),
    initRow('nsm-init, all pods at once', burst?.init ?? [], baseBurst),
  ]
}

function initRow(what: string, ms: readonly number[], base: number): readonly string[] {
  const { count, p50, p99 } = seriesOf(what, ms, Number.NaN)
  return [what, String(count), p50.toFixed(1), p99.toFixed(1), (p50 / base).toFixed(2)]
}

function readyRows(turns: readonly Turn[]): readonly (readonly string[])[] {
  return turns.map(turn => {
    const { count, p50, p99 } = seriesOf(turn.what, turn.ready, Number.NaN)
    return [
      turn.what,
      String(count),
      p50.toFixed(0),
      p99.toFixed(0),
      ...turns
        .slice(0, 2)
        .map(base => (turns.indexOf(turn) > turns.indexOf(base) ? more(turn, base).toFixed(0) : '-')),
    ]
  })
}

/** The median of what each pod took more than another one of its round. */
function more({ ready }: Turn, base: Turn): number {
  return median(ready.map((ms, at) => ms - (base.ready[at] ?? Number.NaN)))
}

function burstRow(one: Burst, all: readonly Burst[]): readonly string[] {
  return [
    titles[one.kind],
    (last(one) / 1_000).toFixed(1),
    (last(one) / last(all[0])).toFixed(2),
    (median(one.ready) / 1_000).toFixed(1),
    String(one.failed),
    String(one.refused),
    one.leftover.processes.toFixed(2),
    one.leftover.workingSet.toFixed(1),
  ]
}

const titles = { plain: 'plain', bare: 'init container of bare Node', annotated: 'annotated' } as const

function memoryRows(idle: readonly Held[], loaded: readonly Held[]): readonly (readonly string[])[] {
  const programs = [...new Set(idle.map(({ program }) => program))]
  const row = (what: string, isOf: (held: Held) => boolean) => [
    what,
    ...[idle, loaded].flatMap(all =>
      (['resident', 'proportional', 'workingSet'] as const).map(key =>
        perNode(all.filter(isOf), key).toFixed(0),
      ),
    ),
  ]
  return [...programs.map(name => row(name, ({ program }) => program === name)), row('sum', () => true)]
}

/** The highest sum that a node has. */
function perNode(all: readonly Held[], key: 'resident' | 'proportional' | 'workingSet'): number {
  const nodes = [...new Set(all.map(({ node }) => node))]
  return Math.max(...nodes.map(name => sum(all.filter(({ node }) => node === name).map(one => one[key]))))
}

function goals({ turns, bursts, pings, idle, loaded }: ClusterReport): readonly Goal[] {
  const [without, , near, far] = turns
  const [plain, , annotated] = bursts
  const both = (key: 'resident' | 'proportional' | 'workingSet') => [perNode(idle, key), perNode(loaded, key)]
  return [
    atMost('nsm-init on the same node, p50 ms', [median(near?.init ?? [])], 70),
    atMost('the same, what v1 takes (stretch)', [median(near?.init ?? [])], 62),
    atMost('nsm-init across nodes, p50 ms', [median(far?.init ?? [])], 90),
    atMost(
      'Ready with annotation minus without, p50 ms, same node and across',
      [near, far].map(one => (one === undefined || without === undefined ? Number.NaN : more(one, without))),
      1_000,
    ),
    atMost('annotated pods at once: time, times plain', [last(annotated) / last(plain)], 1.5),
    atMost(
      'annotated pods at once: failed, requests refused',
      [annotated?.failed ?? Number.NaN, annotated?.refused ?? Number.NaN],
      0,
    ),
    atMost(
      'pings lost',
      pings.map(({ lost }) => lost),
      0,
    ),
    atMost(
      'processes left in a client pod, more than in a plain one',
      [(annotated?.leftover.processes ?? Number.NaN) - (plain?.leftover.processes ?? Number.NaN)],
      0,
    ),
    atMost('memory of a node, proportional MiB, idle and with clients', both('proportional'), 200),
    atMost('memory of a node, working set MiB, idle and with clients', both('workingSet'), 200),
    atMost('memory of a node, resident MiB, idle and with clients', both('resident'), 200),
  ]
}

/** When all were Ready; NaN when not all were. */
function last(burst: Burst | undefined): number {
  return Math.max(...(burst?.ready ?? [Number.NaN]))
}

function median(numbers: readonly number[]): number {
  return seriesOf('', numbers, Number.NaN).p50
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0)
}
