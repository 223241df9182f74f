import type { ConfigTable } from './config.ts'

/** The `--help` text of a program: its summary and one line per setting. */
export function describeConfig(program: {
  readonly name: string
  readonly summary: string
  readonly config: ConfigTable
}): string {
  const rows = Object.values(program.config).map(row => {
    const fallback = 'default' in row ? ` (default ${show(row.default)})` : ' (required)'
    const aliases = row.also === undefined ? '' : `; also read from ${row.also.join(', ')}`
    return `  ${row.env}\n      ${row.doc}${fallback}${aliases}`
  })
  return `${program.name}: ${program.summary}\n\nConfigured by environment variables:\n${rows.join('\n')}\n`
}

function show(value: unknown): string {
  if (value === undefined || value === '') return 'none'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
