import { table } from '#cli/output/table.ts'

/** One measured series. */
export interface Series {
  readonly what: string
  readonly count: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Absent (null in JSON) where the series says nothing of a rate. */
  readonly perSecond: number | null
  /** How many times the baseline's p50. */
  readonly ratio?: number
}

/** Resident memory of a program, in MiB. */
export interface Memory {
  readonly program: string
  readonly idle: number
  readonly loaded: number
}

/** A whole run. */
export interface Report {
  readonly series: readonly Series[]
  readonly memory: readonly Memory[]
  readonly connections: number
}

/** Sums up durations in milliseconds that together took `wallMs` (NaN: no rate). */
export function seriesOf(what: string, durations: readonly number[], wallMs: number): Series {
  const sorted = durations.toSorted((a, b) => a - b)
  return {
    what,
    count: sorted.length,
    p50: at(sorted, 0.5),
    p99: at(sorted, 0.99),
    perSecond: Number.isNaN(wallMs) ? null : (sorted.length * 1000) / wallMs,
  }
}

/** Adds to each series how its median stands to that of the baseline. */
export function against(baseline: Series, series: readonly Series[]): readonly Series[] {
  return series.map(one => ({ ...one, ratio: one.p50 / baseline.p50 }))
}

/** The report as text for people. */
export function reportText(machine: string, report: Report): string {
  const rows = report.series.map(one => [
    one.what,
    String(one.count),
    one.p50.toFixed(2),
    one.p99.toFixed(2),
    one.perSecond?.toFixed(0) ?? '-',
    one.ratio === undefined ? '1 (baseline)' : one.ratio.toFixed(1),
  ])
  const memory = report.memory.map(one => [one.program, one.idle.toFixed(0), one.loaded.toFixed(0)])
  return [
    machine,
    '',
    table(['WHAT', 'COUNT', 'P50 MS', 'P99 MS', 'PER SECOND', 'TIMES BASELINE'], rows),
    table(['RESIDENT MEMORY, MIB', 'IDLE', `WITH ${report.connections} CONNECTIONS`], memory),
  ].join('\n')
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
