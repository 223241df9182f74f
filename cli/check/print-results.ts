import { table } from '#cli/output/table.ts'
import { type CheckResult, isClean } from './run-checks.ts'

/** The results as a table; below each finding what can be done. */
export function resultTable(results: readonly CheckResult[]): string {
  const rows = results.flatMap(({ id, what, findings }) =>
    findings.length === 0
      ? [{ cells: ['ok', id, '', what], remedy: '' }]
      : findings.map(({ severity, object, finding, remedy }) => ({
          cells: [severity, id, object, oneLine(finding)],
          remedy: oneLine(remedy),
        })),
  )
  const [header = '', ...lines] = table(
    ['STATE', 'CHECK', 'OBJECT', 'FINDING'],
    rows.map(({ cells }) => cells),
  ).split('\n')
  const told = rows.flatMap(({ remedy }, index) => [
    lines[index] ?? '',
    ...(remedy === '' ? [] : [`        -> ${remedy}`]),
  ])
  return [header, ...told, ''].join('\n')
}

/** The results for programs. */
export function resultJson(results: readonly CheckResult[]): string {
  return `${JSON.stringify({ clean: isClean(results), checks: results }, undefined, 2)}\n`
}

/** A refusal may have several lines; a cell has one. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
