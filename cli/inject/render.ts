import { stringify } from 'yaml'
import type { Layout } from './layout.ts'

/** The lines of an entry of a block map. */
export function renderEntry(key: string, value: unknown, layout: Layout): readonly string[] {
  return block({ [key]: value }, layout)
}

/** The lines of an item of a block list, dash included. */
export function renderItem(value: unknown, layout: Layout): readonly string[] {
  return block(value, layout).map((line, index) =>
    index === 0 ? `- ${line}` : line === '' ? '' : `  ${line}`,
  )
}

/** The lines of a map or a list that stands under its key, from the column of its own first character. */
export function renderBody(value: object, layout: Layout): readonly string[] {
  return Array.isArray(value) ? value.flatMap(item => renderItem(item, layout)) : block(value, layout)
}

function block(value: unknown, { unit, dashes }: Layout): readonly string[] {
  const text = stringify(value, {
    ...style,
    indent: unit.length,
    indentSeq: dashes === 'indented',
  })
  return text.replace(/\n$/, '').split('\n')
}

/** A value on one line, as it stands within brackets. */
export function renderInline(value: unknown, layout: Layout): string {
  if (layout.language === 'json') return json(value, '', { ...layout, unit: '' })
  const text = stringify([value], { ...style, collectionStyle: 'flow', flowCollectionPadding: false })
  return text.trimEnd().slice(1, -1)
}

/** A key within brackets, with its colon. */
export function renderInlineKey(key: string, layout: Layout): string {
  return layout.language === 'json'
    ? `${JSON.stringify(key)}:${layout.gap}`
    : `${renderInline(key, layout)}: `
}

/** A value within brackets that have one item a line: JSON is written so too, to any depth. */
export function renderOpen(value: unknown, indent: string, layout: Layout): string {
  return layout.language === 'json' ? json(value, indent, layout) : renderInline(value, layout)
}

/** Text that an older parser would read as another type is quoted, and nothing is folded. */
const style = { lineWidth: 0, blockQuote: false, compat: 'yaml-1.1', aliasDuplicateObjects: false } as const

function json(value: unknown, indent: string, { unit, eol, gap }: Layout): string {
  if (unit !== '') return JSON.stringify(value, undefined, unit).replaceAll('\n', `${eol}${indent}`)
  if (gap === '') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(item => json(item, indent, spaced)).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}: ${json(item, indent, spaced)}`,
  )
  return `{${entries.join(', ')}}`
}

const spaced: Layout = { text: '', language: 'json', eol: '\n', unit: '', dashes: 'flush', gap: ' ' }
