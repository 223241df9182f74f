import { atLeast, atMost, type Goal } from '#bench/goal.ts'
import { table } from '#cli/output/table.ts'
import { sizeNames } from './bodies.ts'
import { goWebhook } from './figures.ts'
import { generator } from './load.ts'
import type { Row, WebhookReport } from './measure.ts'

/** The report as text for people: figures, ratios, and goals with what came of them. */
export function webhookText(machine: string, report: WebhookReport): string {
  const rows = report.rows.map(row => [
    row.size,
    row.what,
    String(row.bytes),
    row.perSecond.toFixed(0),
    row.p99.toFixed(1),
    row.cpu.toFixed(3),
    row.alone.toFixed(2),
    ratio(row.perSecond, rowOf(report, row.size, 'baseline').perSecond),
    goRatio(row),
    String(row.errors),
  ])
  const head = [
    'BODY',
    'WHAT',
    'BYTES',
    'PER SECOND',
    'P99 MS',
    'CPU MS',
    'ALONE P50 MS',
    'TIMES BARE',
    'TIMES GO',
    'ERRORS',
  ]
  return [
    `${machine}; load: ${generator}`,
    '',
    table(head, rows),
    table(
      ['GOAL', 'MEASURED', ''],
      goals(report).map(goal => [goal.name, goal.found, goal.met ? 'met' : 'MISSED']),
    ),
  ].join('\n')
}

function goals(report: WebhookReport): readonly Goal[] {
  const at = (size: Row['size'], what: Row['what'] = 'annotated') => rowOf(report, size, what)
  const bare = sizeNames.map(size => at(size).perSecond / at(size, 'baseline').perSecond)
  const plain = sizeNames.map(size => at(size, 'plain').cpu / at(size).cpu)
  const growth = at('155 KB').cpu / at('2.2 KB').cpu / (at('155 KB').bytes / at('2.2 KB').bytes)
  const go = (['20 KB', '155 KB'] as const).map(
    size => at(size).perSecond / (goWebhook[size]?.perSecond ?? 1),
  )
  const errors = report.rows.reduce((sum, row) => sum + row.errors, 0)
  return [
    atLeast('requests/s, times bare node:https, each size', bare, 0.9),
    atLeast('requests/s, times the Go webhook, 20 and 155 KB', go, 15),
    atMost('CPU per request at 20 KB, ms', [at('20 KB').cpu], 0.25),
    atMost('one connection, p50 at 20 KB, ms', [at('20 KB').alone], 0.3),
    atMost('one connection, p50 at 155 KB, ms', [at('155 KB').alone], 1),
    atMost('CPU ratio 155 to 2.2 KB, over ratio of sizes', [growth], 1.2),
    atMost('CPU of a plain pod, share of an annotated one, each size', plain, 0.5),
    atMost('resident memory idle, MiB', [report.memory.idle], 80),
    atMost('resident memory with 200 in flight, MiB', [report.memory.loaded], 150),
    atMost('start to first answer, ms', [report.start], 300),
    atMost('failed requests', [errors], 0),
  ]
}

function rowOf({ rows }: WebhookReport, size: Row['size'], what: Row['what']): Row {
  const found = rows.find(row => row.size === size && row.what === what)
  if (found === undefined) throw new Error(`nothing was measured of ${size} ${what}`)
  return found
}

function ratio(one: number, other: number): string {
  return (one / other).toFixed(2)
}

function goRatio({ size, what, perSecond }: Row): string {
  const go = goWebhook[size]
  return go === undefined || what === 'baseline' || what === 'plain'
    ? '-'
    : (perSecond / go.perSecond).toFixed(1)
}
