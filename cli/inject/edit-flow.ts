import { isPair, type YAMLMap, type YAMLSeq } from 'yaml'
import { align } from './align.ts'
import { type Edit, insertAt } from './edit.ts'
import {
  colonEnd,
  entryEnd,
  entryStart,
  keyOf,
  leadingBlanks,
  lineEnd,
  nodeEnd,
  nodeStart,
  rangeOf,
} from './places.ts'
import { renderInline, renderInlineKey, renderOpen } from './render.ts'
import { isJsonMap, isSameValue, type Walk } from './walk.ts'

/** The edits that turn a map within braces into another value of its kind. */
export function editFlowMap(node: YAMLMap, change: Change, walk: Walk): readonly Edit[] {
  const { before, after } = change
  if (!isJsonMap(before) || !isJsonMap(after)) return [replaceInline(node, after, walk)]
  const kept = node.items.filter(entry => isKept(keyOf(entry), after))
  const added = Object.keys(after).filter(
    key => !node.items.some(entry => keyOf(entry) === key) && !isSameValue(before[key], after[key]),
  )
  if (kept.length < node.items.length && added.length > 0) return [replaceInline(node, after, walk)]
  const changed = kept.flatMap(entry => {
    const key = keyOf(entry)
    if (key === undefined || isSameValue(before[key], after[key])) return []
    const value = after[key]
    if (entry.value === null || rangeOf(entry.value)[0] === rangeOf(entry.value)[1])
      return [insertAt(colonEnd(entry), ` ${renderInline(value, walk.layout)}`)]
    return walk.edit(entry.value, { before: before[key], after: value })
  })
  const spans = node.items.map(entry => ({
    start: entryStart(walk.layout.text, entry),
    end: entryEnd(entry),
    stays: isKept(keyOf(entry), after),
  }))
  const items = added.map(key => ({ key: renderInlineKey(key, walk.layout), value: after[key] }))
  return [
    ...changed,
    ...dropSpans(node, spans, walk),
    ...putItems(node, { spans, index: spans.length, items }, walk),
  ]
}

/** The edits that turn a list within brackets into another list. */
export function editFlowSeq(node: YAMLSeq, change: Change, walk: Walk): readonly Edit[] {
  const { before, after } = change
  if (!Array.isArray(before) || !Array.isArray(after)) return [replaceInline(node, after, walk)]
  const steps = align(before, after)
  const drops = new Set(steps.flatMap(step => (step.kind === 'drop' ? [step.from] : [])))
  const puts = steps.filter(step => step.kind === 'put')
  const firstPut = puts[0]?.to ?? 0
  const together = puts.every((step, offset) => step.to === firstPut + offset)
  if (puts.length > 0 && (drops.size > 0 || !together)) return [replaceInline(node, after, walk)]
  const spans = node.items.map((item, index) => ({
    start: isPair(item) ? entryStart(walk.layout.text, item) : nodeStart(walk.layout.text, item),
    end: isPair(item) ? entryEnd(item) : nodeEnd(item),
    stays: !drops.has(index),
  }))
  const changed = steps.flatMap(step =>
    step.kind !== 'keep' || isSameValue(before[step.from], after[step.to])
      ? []
      : walk.edit(node.items[step.from], { before: before[step.from], after: after[step.to] }),
  )
  const items = puts.map(step => ({ key: '', value: after[step.to] }))
  return [
    ...changed,
    ...dropSpans(node, spans, walk),
    ...putItems(node, { spans, index: firstPut, items }, walk),
  ]
}

/** A value before and after, as JSON. */
interface Change {
  readonly before: unknown
  readonly after: unknown
}

interface Span {
  readonly start: number
  readonly end: number
  readonly stays: boolean
}

function isKept(key: string | undefined, after: Readonly<Record<string, unknown>>): boolean {
  return key === undefined || Object.hasOwn(after, key)
}

/** Rewrites a whole value within its line. */
export function replaceInline(node: unknown, value: unknown, { layout }: Walk): Edit {
  const [start] = rangeOf(node)
  const end = nodeEnd(node)
  // A block scalar holds the line break behind it.
  const isWhole = layout.text[end - 1] === '\n'
  return { start, end: isWhole ? lineEnd(layout.text, end) : end, text: renderInline(value, layout) }
}

/** Takes items out so that an item which `putItems` put there leaves no trace. */
function dropSpans(node: YAMLMap | YAMLSeq, spans: readonly Span[], { layout }: Walk): readonly Edit[] {
  const [first] = spans
  const last = spans.at(-1)
  if (first === undefined || last === undefined || spans.every(span => span.stays)) return []
  const [open, close] = rangeOf(node)
  if (spans.every(span => !span.stays)) {
    const isOpen = layout.text.slice(open, first.start).includes('\n')
    const closing = `${layout.eol}${leadingBlanks(layout.text, open)}`
    const rest = layout.text.slice(last.end, close - 1)
    const end = isOpen && rest.startsWith(closing) ? last.end + closing.length : last.end
    return [
      {
        start: isOpen ? open + 1 : first.start,
        end: rest.trimStart().startsWith(',') ? close - 1 : end,
        text: '',
      },
    ]
  }
  return spans.flatMap((span, index) => {
    if (span.stays) return []
    const previous = spans.slice(0, index).findLast(({ stays }) => stays)
    if (previous !== undefined) {
      const neighbour = spans[index - 1] ?? previous
      return [{ start: neighbour.end, end: span.end, text: '' }]
    }
    return [{ start: span.start, end: spans[index + 1]?.start ?? span.end, text: '' }]
  })
}

/** Puts items before the span at an index, in the way in which the others stand: on one line, or each on its own. */
function putItems(
  node: YAMLMap | YAMLSeq,
  place: {
    readonly spans: readonly Span[]
    readonly index: number
    readonly items: readonly { readonly key: string; readonly value: unknown }[]
  },
  { layout }: Walk,
): readonly Edit[] {
  const { spans, index, items } = place
  if (items.length === 0) return []
  const [open] = rangeOf(node)
  const [first] = spans
  const outer = leadingBlanks(layout.text, open)
  const isOpen =
    first === undefined
      ? layout.unit !== '' && layout.language === 'json'
      : layout.text.slice(open, first.start).includes('\n')
  const indent = first === undefined ? `${outer}${layout.unit}` : leadingBlanks(layout.text, first.start)
  const gap = isOpen ? `${layout.eol}${indent}` : layout.gap
  const texts = items.map(
    ({ key, value }) => key + (isOpen ? renderOpen(value, indent, layout) : renderInline(value, layout)),
  )
  if (first === undefined) {
    const inside = texts.join(`,${gap}`)
    return [insertAt(open + 1, isOpen ? `${gap}${inside}${layout.eol}${outer}` : inside)]
  }
  const previous = spans[index - 1]
  if (previous === undefined) return [insertAt(first.start, texts.map(text => `${text},${gap}`).join(''))]
  return [insertAt(previous.end, texts.map(text => `,${gap}${text}`).join(''))]
}
