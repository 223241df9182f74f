import { isAlias, isCollection, isScalar } from 'yaml'
import { type Edit, insertAt } from './edit.ts'
import {
  breakBefore,
  colonEnd,
  columnOf,
  type Entry,
  entryStart,
  lineEnd,
  lineStart,
  nodeEnd,
  rangeOf,
} from './places.ts'
import { renderBody, renderInline } from './render.ts'
import { isSameValue, type Walk } from './walk.ts'

/** What stands behind a colon whose value was written another way before; uninject writes it so again. */
const wasComment = /^ # nsm: was( +(\S+))/

interface Change {
  readonly before: unknown
  readonly after: unknown
}

/**
 * The edits that give an entry of a block map another value. A value within its line (`[]`, `~`, an alias) that gets
 * contents becomes lines below the key; when the contents go, it is written again as it was.
 */
export function changeEntry(entry: Entry, change: Change, walk: Walk): readonly Edit[] {
  const { text } = walk.layout
  const { value } = entry
  const { after } = change
  const colon = colonEnd(entry)
  const was = wasComment.exec(text.slice(colon, lineEnd(text, colon)))
  if (was !== null && isBlock(value) && isSameValue(valueOf(was[2] ?? '', colon, walk), after))
    return toInline(entry, { start: colon, end: colon + was[0].length, text: was[1] ?? '' }, walk)
  if (isBlock(value)) {
    if (isFilled(after) && Array.isArray(after) === Array.isArray(change.before))
      return walk.edit(value, change)
    walk.guard(value)
    const head = headEnd(text, colon)
    const inline = after === null ? '' : ` ${renderInline(after, walk.layout)}`
    return toInline(entry, insertAt(head, inline), walk)
  }
  if (isFilled(after)) {
    const blocked = toBlock(entry, after, walk)
    if (blocked !== undefined) return blocked
  }
  if (isLeftOut(value)) {
    walk.guard(value)
    return [insertAt(colon, ` ${renderInline(after, walk.layout)}`)]
  }
  return walk.edit(value, change)
}

/** From `key: []`, `key: ~`, `key: *alias` or `key:` to lines below; undefined when it is written in another way. */
function toBlock(entry: Entry, after: object, walk: Walk): readonly Edit[] | undefined {
  const { value } = entry
  const { text, eol, unit, dashes } = walk.layout
  const colon = colonEnd(entry)
  const end = isLeftOut(value) ? colon : Math.max(colon, nodeEnd(value))
  const written = text.slice(colon, end)
  const isPlain = written === '' || written === ' []' || written === ' {}'
  const isNull = isScalar(value) && value.value === null && /^ +[~nN]\w*$/.test(written)
  if (!isPlain && !isNull && !(isAlias(value) && /^ +\*\S+$/.test(written))) return undefined
  if (written === ' []' && !Array.isArray(after)) return undefined
  if (written === ' {}' && Array.isArray(after)) return undefined
  const column = columnOf(text, entryStart(text, entry))
  const deeper = Array.isArray(after) && dashes === 'flush' ? '' : unit
  const lines = renderBody(after, walk.layout).map(line =>
    line === '' ? eol : `${eol}${' '.repeat(column)}${deeper}${line}`,
  )
  return [
    { start: colon, end, text: isPlain ? '' : ` # nsm: was${written}` },
    insertAt(lineEnd(text, end), lines.join('')),
  ]
}

/** From lines below a key to a value behind its colon, which `head` writes. */
function toInline(entry: Entry, head: Edit, { layout: { text } }: Walk): readonly Edit[] {
  const first = lineStart(text, rangeOf(entry.value)[0])
  return [head, { start: breakBefore(text, first), end: lineEnd(text, nodeEnd(entry.value)), text: '' }]
}

/** Behind the colon and an anchor, before a comment. */
function headEnd(text: string, colon: number): number {
  const head = text.slice(colon, lineEnd(text, colon))
  const comment = head.search(/(^|\s)#/)
  return colon + (comment === -1 ? head : head.slice(0, comment)).trimEnd().length
}

function valueOf(written: string, offset: number, walk: Walk): unknown {
  return written.startsWith('*') ? walk.anchored(written.slice(1), offset) : null
}

function isBlock(value: unknown): boolean {
  return isCollection(value) && value.flow !== true && value.items.length > 0
}

/** Whether nothing stands behind the colon; the parser puts such a value behind a comment. */
function isLeftOut(value: unknown): boolean {
  return value === null || rangeOf(value)[0] === rangeOf(value)[1]
}

function isFilled(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}
