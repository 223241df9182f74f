import { type Document, isCollection, isMap, isPair, isSeq, visit } from 'yaml'
import { columnOf, entryStart, leadingBlanks, rangeOf } from './places.ts'

/** How a document is written, so that what is added looks like the rest. */
export interface Layout {
  /** The whole text that the document is part of. */
  readonly text: string
  readonly language: 'yaml' | 'json'
  /** The line break of the text. */
  readonly eol: string
  /** One level of indentation. */
  readonly unit: string
  /** Whether the dashes of a list stand right of its key, or under it as kubectl prints them. */
  readonly dashes: 'indented' | 'flush'
  /** What follows a colon and a comma within a line of JSON. */
  readonly gap: ' ' | ''
}

/** Looks at a document for its habits; where it shows none: two blanks, indented lists. */
export function layoutOf(text: string, document: Document): Layout {
  const eol = /\r?\n/.exec(text)?.[0] ?? '\n'
  const start = isCollection(document.contents) ? rangeOf(document.contents)[0] : 0
  if (isJson(text, document)) {
    const first = isCollection(document.contents) ? document.contents.items[0] : undefined
    const at = isPair(first) ? entryStart(text, first) : start
    const broken = text.slice(start, at).includes('\n')
    const outer = leadingBlanks(text, start).length
    const gap = /^[{[]\s*"(?:[^"\\]|\\.)*":\S/.test(text.slice(start, start + 1000)) ? '' : ' '
    return {
      text,
      language: 'json',
      eol,
      unit: broken ? leadingBlanks(text, at).slice(outer) : '',
      dashes: 'flush',
      gap,
    }
  }
  return { text, language: 'yaml', eol, gap: ' ', ...habits(text, document) }
}

function isJson(text: string, document: Document): boolean {
  if (!isCollection(document.contents) || document.contents.flow !== true) return false
  const [start, end] = rangeOf(document.contents)
  try {
    JSON.parse(text.slice(start, end))
    return true
  } catch {
    // A YAML document in flow style.
    return false
  }
}

function habits(text: string, document: Document): Pick<Layout, 'unit' | 'dashes'> {
  let unit: number | undefined
  let dashes: Layout['dashes'] | undefined
  visit(document, {
    Pair(_, pair) {
      const { value } = pair
      if (!isCollection(value) || value.flow === true) return undefined
      const deeper = columnOf(text, rangeOf(value)[0]) - columnOf(text, entryStart(text, pair))
      if (isMap(value)) unit ??= deeper
      if (isSeq(value)) dashes ??= deeper > 0 ? 'indented' : 'flush'
      return unit !== undefined && dashes !== undefined ? visit.BREAK : undefined
    },
  })
  return { unit: ' '.repeat(unit !== undefined && unit > 0 ? unit : 2), dashes: dashes ?? 'indented' }
}
