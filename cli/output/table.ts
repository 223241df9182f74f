import { stripVTControlCharacters } from 'node:util'

/** Rows under a header, columns as wide as their widest cell, three blanks between, as kubectl prints. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map(row => width(row[column] ?? ''))))
  return all
    .map(
      row =>
        `${row
          .map((cell, column) => pad(cell, widths[column] ?? 0))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('')
}

function pad(cell: string, size: number): string {
  return cell + ' '.repeat(Math.max(0, size - width(cell)))
}

function width(cell: string): number {
  return stripVTControlCharacters(cell).length
}
