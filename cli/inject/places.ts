import { isAlias, isCollection, isMap, isPair, isScalar, type Node, type Pair } from 'yaml'

/** A map's entry as the parser gives it. */
export type Entry = Pair

const byteOrderMark = '\ufeff'

/** Where the line of an offset begins; a byte order mark is not part of the first line. */
export function lineStart(text: string, offset: number): number {
  const start = offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1
  return text[start] === byteOrderMark ? start + 1 : start
}

/**
 * Where the line that ends some content ends, before its line break. Content such as a block scalar may hold the
 * line break itself.
 */
export function lineEnd(text: string, offset: number): number {
  const found = text[offset - 1] === '\n' ? offset - 1 : text.indexOf('\n', offset)
  const end = found === -1 ? text.length : found
  return text[end] === '\n' && text[end - 1] === '\r' ? end - 1 : end
}

/** Where the line break before a line begins; the line's own start when it is the first. */
export function breakBefore(text: string, start: number): number {
  if (text[start - 1] !== '\n') return start
  return text[start - 2] === '\r' ? start - 2 : start - 1
}

/** How far a place is from the start of its line. */
export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset)
}

/** The blanks that the line of an offset begins with. */
export function leadingBlanks(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset), offset))?.[0] ?? ''
}

/** Where a node begins, its anchor included. */
export function nodeStart(text: string, node: unknown): number {
  const start = rangeOf(node)[0]
  const anchor = isScalar(node) || isCollection(node) ? node.anchor : undefined
  return anchor === undefined ? start : text.lastIndexOf(`&${anchor}`, start)
}

/** Where a node's last character is, without comments and blank lines that follow. */
export function nodeEnd(node: unknown): number {
  if (!isCollection(node) || node.flow === true) return rangeOf(node)[1]
  const last = node.items.at(-1)
  if (last === undefined) return rangeOf(node)[1]
  return isPair(last) ? entryEnd(last) : nodeEnd(last)
}

/** Where an entry begins: at its key. */
export function entryStart(text: string, entry: Entry): number {
  return nodeStart(text, entry.key)
}

/** Where an entry's value ends; where its colon ends when the value is left out. */
export function entryEnd(entry: Entry): number {
  const after = colonEnd(entry)
  return isAnyNode(entry.value) ? Math.max(after, nodeEnd(entry.value)) : after
}

/** The offset behind an entry's colon; that behind its key when there is no colon. */
export function colonEnd(entry: Entry): number {
  const colon = (entry.srcToken?.sep ?? []).find(token => token.type === 'map-value-ind')
  return colon === undefined ? rangeOf(entry.key)[1] : colon.offset + 1
}

/** Begin, end of content, end with what follows, as offsets into the text. */
export function rangeOf(node: unknown): readonly [number, number, number] {
  const range = isAnyNode(node) ? node.range : undefined
  if (range === undefined || range === null) throw new RangeError('a node that was not read has no place')
  return range
}

/** A key as the JSON value has it; undefined for a merge key. */
export function keyOf(entry: Entry): string | undefined {
  const key = isScalar(entry.key) ? entry.key.value : entry.key
  return typeof key === 'symbol' ? undefined : String(key)
}

function isAnyNode(node: unknown): node is Node {
  return isScalar(node) || isCollection(node) || isAlias(node) || isMap(node)
}
