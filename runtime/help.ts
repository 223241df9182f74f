import type { ConfigTable, Setting } from './config.ts'
import { duration } from './parse.ts'

/** The `--help` text of a program: its summary and one line per setting. */
export function describeConfig(program: {
  readonly name: string
  readonly summary: string
  readonly config: ConfigTable
}): string {
  const rows = Object.values(program.config).map(row => {
    const fallback = 'default' in row ? ` (default ${show(row)})` : ' (required)'
    const aliases = row.also === undefined ? '' : `; also read from ${row.also.join(', ')}`
    return `  ${row.env}\n      ${row.doc}${fallback}${aliases}`
  })
  return `${program.name}: ${program.summary}\n\nConfigured by environment variables:\n${rows.join('\n')}\n`
}

/** A default as one would write it into the environment. */
function show({ default: value, parse }: Setting<unknown>): string {
  if (value === undefined || value === '') return 'none'
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(',')
  if (typeof value === 'number' && parse === duration) return printDuration(value)
  if (isAddress(value)) return `${value.host === '::' ? '' : value.host}:${value.port}`
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function isAddress(value: unknown): value is { readonly host: string; readonly port: number } {
  return typeof value === 'object' && value !== null && 'host' in value && 'port' in value
}

/** The largest unit that divides it: `8760h`, `5m`, `0`. */
function printDuration(ms: number): string {
  const units = [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const
  const unit = units.find(([, size]) => ms % size === 0)
  if (ms === 0) return '0'
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`
}
