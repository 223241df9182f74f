import { isAlias, isPair, type YAMLMap, type YAMLSeq } from 'yaml'
import { align } from './align.ts'
import { type Edit, insertAt } from './edit.ts'
import { changeEntry } from './edit-entry.ts'
import { replaceInline } from './edit-flow.ts'
import { isOverride, mergedValue, overrideComment } from './merge-keys.ts'
import {
  breakBefore,
  columnOf,
  entryEnd,
  entryStart,
  keyOf,
  lineEnd,
  lineStart,
  nodeEnd,
  rangeOf,
} from './places.ts'
import { renderBody, renderEntry, renderItem } from './render.ts'
import { isJsonMap, isSameValue, type Walk } from './walk.ts'

/**
 * The edits that turn a map of one entry a line into another map, which is not empty. New entries come behind the
 * last one, in front of comments that follow it.
 */
export function editBlockMap(
  node: YAMLMap,
  { before, after }: { readonly before: unknown; readonly after: unknown },
  walk: Walk,
): readonly Edit[] {
  if (!isJsonMap(before) || !isJsonMap(after)) return [replaceInline(node, after, walk)]
  const { layout } = walk
  const stays = (key: string | undefined) => key === undefined || Object.hasOwn(after, key)
  if (!node.items.some(entry => stays(keyOf(entry)))) return [rewrite(node, after, walk)]
  const changes = node.items.flatMap((entry, index) => {
    const key = keyOf(entry)
    if (key === undefined) return []
    if (!stays(key) || (isOverride(entry, walk) && isSameValue(mergedValue(node, key, walk), after[key]))) {
      const next = nextStart(node, index, walk)
      return [dropLines({ start: entryStart(layout.text, entry), end: entryEnd(entry), next }, walk)]
    }
    if (isSameValue(before[key], after[key])) return []
    return changeEntry(entry, { before: before[key], after: after[key] }, walk)
  })
  const added = Object.keys(after).filter(
    key => !node.items.some(entry => keyOf(entry) === key) && !isSameValue(before[key], after[key]),
  )
  const lines = added.flatMap(key => {
    const [first = '', ...rest] = renderEntry(key, after[key], layout)
    return [rest.length > 0 && Object.hasOwn(before, key) ? `${first}${overrideComment}` : first, ...rest]
  })
  return [
    ...changes,
    ...putLines(
      lineEnd(layout.text, nodeEnd(node)),
      { lines, column: columnOf(layout.text, rangeOf(node)[0]) },
      walk,
    ),
  ]
}

/** The edits that turn a list of one item a line into another list, which is not empty. */
export function editBlockSeq(
  node: YAMLSeq,
  { before, after }: { readonly before: unknown; readonly after: unknown },
  walk: Walk,
): readonly Edit[] {
  if (!Array.isArray(before) || !Array.isArray(after)) return [replaceInline(node, after, walk)]
  const { layout } = walk
  const [start] = rangeOf(node)
  const column = columnOf(layout.text, start)
  const edits: Edit[] = []
  const steps = align(before, after)
  if (!steps.some(({ kind }) => kind === 'keep')) return [rewrite(node, after, walk)]
  let behind: number | undefined
  for (const step of steps) {
    if (step.kind === 'put') {
      const lines = renderItem(after[step.to], layout)
      edits.push(
        ...(behind === undefined ? putFirst(node, lines, walk) : putLines(behind, { lines, column }, walk)),
      )
      continue
    }
    const item = node.items[step.from]
    const end = isPair(item) ? entryEnd(item) : nodeEnd(item)
    if (step.kind === 'drop') {
      edits.push(dropLines({ start: dashOf(node, step.from), end, next: nextDash(node, step.from) }, walk))
    } else if (!isSameValue(before[step.from], after[step.to])) {
      edits.push(...changeItem(item, { before: before[step.from], after: after[step.to] }, walk))
    }
    behind = lineEnd(layout.text, end)
  }
  return edits
}

/** Writes a whole map or list anew where it stands. */
function rewrite(node: YAMLMap | YAMLSeq, after: object, walk: Walk): Edit {
  const { text, eol } = walk.layout
  const indent = ' '.repeat(columnOf(text, rangeOf(node)[0]))
  const lines = renderBody(after, walk.layout).map((line, index) =>
    index === 0 || line === '' ? line : indent + line,
  )
  return { ...replaceInline(node, after, walk), text: lines.join(eol) }
}

function changeItem(
  item: unknown,
  change: { readonly before: unknown; readonly after: unknown },
  walk: Walk,
): readonly Edit[] {
  if (isAlias(item)) return [replaceInline(item, change.after, walk)]
  return walk.edit(item, change)
}

/** In front of the first item; a comment above that item stays above it. */
function putFirst(node: YAMLSeq, lines: readonly string[], walk: Walk): readonly Edit[] {
  const { text, eol } = walk.layout
  const [start] = rangeOf(node)
  const head = breakBefore(text, lineStart(text, start))
  const column = columnOf(text, start)
  const own = text.slice(lineStart(text, start), start).trim() === ''
  if (!own || head === 0)
    return [insertAt(start, lines.map(line => `${line}${eol}${' '.repeat(column)}`).join(''))]
  return putLines(headOf(text, head), { lines, column }, walk)
}

/** The end of the last line that is neither empty nor a comment of its own, at or above an offset. */
function headOf(text: string, offset: number): number {
  const line = text.slice(lineStart(text, offset), offset).trim()
  const above = breakBefore(text, lineStart(text, offset))
  return (line === '' || line.startsWith('#')) && above > 0 && above < offset ? headOf(text, above) : offset
}

/** Puts lines behind the line that ends at an offset. */
function putLines(
  offset: number,
  { lines, column }: { readonly lines: readonly string[]; readonly column: number },
  { layout }: Walk,
): readonly Edit[] {
  if (lines.length === 0) return []
  const indent = ' '.repeat(column)
  return [insertAt(offset, lines.map(line => `${layout.eol}${line === '' ? '' : indent}${line}`).join(''))]
}

/** Takes the lines of an entry or an item out, the comment behind it included. */
function dropLines(
  span: { readonly start: number; readonly end: number; readonly next: number | undefined },
  { layout: { text } }: Walk,
): Edit {
  const line = lineStart(text, span.start)
  if (text.slice(line, span.start).trim() !== '' && span.next !== undefined)
    return { start: span.start, end: span.next, text: '' }
  const start = breakBefore(text, line)
  const end = lineEnd(text, span.end)
  if (start < line) return { start, end, text: '' }
  const after = /^\r?\n/.exec(text.slice(end))?.[0].length ?? 0
  return { start: line, end: end + after, text: '' }
}

/** Where an item's dash is. */
function dashOf(node: YAMLSeq, index: number): number {
  const token = node.srcToken?.type === 'block-seq' ? node.srcToken.items[index] : undefined
  return token?.start.find(({ type }) => type === 'seq-item-ind')?.offset ?? rangeOf(node.items[index])[0]
}

function nextDash(node: YAMLSeq, index: number): number | undefined {
  return index + 1 < node.items.length ? dashOf(node, index + 1) : undefined
}

function nextStart(node: YAMLMap, index: number, { layout }: Walk): number | undefined {
  const next = node.items[index + 1]
  return next === undefined ? undefined : entryStart(layout.text, next)
}
