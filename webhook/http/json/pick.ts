import { type Cursor, countNodes, nextByte, unexpected } from './cursor.ts'
import { type Kept, keepByte, keepRange, nothingKept, type Range } from './kept.ts'
import { MalformedJson } from './malformed.ts'
import { type Field, type Fields, fieldOf, type Shape } from './shape.ts'
import { skipString, skipValue } from './skip.ts'

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const [openObject, closeObject, openList, closeList] = [0x7b, 0x7d, 0x5b, 0x5d]

/** Where reading is, and what was kept. */
interface Pick extends Cursor {
  readonly kept: Kept
}

/**
 * Reads the parts of a JSON text that a shape keeps: exactly what JSON.parse of the whole gives, without the rest. The
 * rest is only passed over, so that it costs a third of parsing and no memory: its brackets and strings are checked,
 * its words and numbers are not. Bytes that are not UTF-8 become U+FFFD. Throws MalformedJson.
 */
export function pickJson(body: Buffer, shape: Shape): unknown {
  const pick: Pick = { body, at: 0, nodes: 0, kept: nothingKept() }
  pickValue(pick, shape, 0)
  if (nextByte(pick) !== -1) throw unexpected(pick)
  return parse(pick.kept.bytes, { from: 0, to: pick.kept.length })
}

/** `depth` is how many objects and lists the value is in. */
function pickValue(pick: Pick, shape: Shape, depth: number): void {
  const first = nextByte(pick)
  if (shape.keep === 'fields' && first === openObject) return pickFields(pick, shape, depth)
  if (shape.keep === 'each' && first === openList) return pickItems(pick, shape.item, depth)
  const from = pick.at
  skipValue(pick, depth)
  keepRange(pick.kept, pick.body, { from, to: pick.at })
}

function pickItems(pick: Pick, item: Shape, depth: number): void {
  if (isEmpty(pick, closeList)) return
  do {
    pickValue(pick, item, depth + 1)
    keepByte(pick.kept, comma)
  } while (goesOn(pick, closeList))
  pick.kept.length--
  keepByte(pick.kept, closeList)
}

function pickFields(pick: Pick, shape: Fields, depth: number): void {
  const { body, kept, at: from } = pick
  const { length } = kept
  let decider: Range | undefined
  if (isEmpty(pick, closeObject)) return
  do {
    const field = pickKey(pick, shape)
    const start = pick.at
    if (field === undefined) skipValue(pick, depth + 1)
    else {
      pickValue(pick, field.shape, depth + 1)
      keepByte(kept, comma)
    }
    if (field !== undefined && field.name === shape.wholeWhen?.field) decider = { from: start, to: pick.at }
  } while (goesOn(pick, closeObject))
  if (kept.length > length + 1) kept.length--
  keepByte(kept, closeObject)
  if (decider !== undefined && begins(pick, decider, shape.wholeWhen?.begins ?? '')) {
    kept.length = length
    keepRange(kept, body, { from, to: pick.at })
  }
}

/** Opens an object or a list; when it is empty, closes it at once. */
function isEmpty(pick: Pick, closing: number): boolean {
  keepByte(pick.kept, closing - 2)
  pick.at++
  countNodes(pick, 1)
  if (nextByte(pick) !== closing) return false
  pick.at++
  keepByte(pick.kept, closing)
  return true
}

/** Passes what follows an item: true for a comma, false for the closing bracket. */
function goesOn(pick: Pick, closing: number): boolean {
  const next = nextByte(pick)
  if (next !== comma && next !== closing) throw unexpected(pick)
  pick.at++
  countNodes(pick, 1)
  return next === comma
}

/** Passes a key and its colon, and keeps them when the shape has the field. */
function pickKey(pick: Pick, shape: Fields): Field | undefined {
  if (nextByte(pick) !== quote) throw unexpected(pick)
  const from = pick.at
  const escaped = skipString(pick)
  const key = { from, to: pick.at }
  const field = escaped ? shape.byName.get(String(parse(pick.body, key))) : fieldOf(shape, pick.body, key)
  if (nextByte(pick) !== colon) throw unexpected(pick)
  pick.at++
  if (field !== undefined) {
    keepRange(pick.kept, pick.body, key)
    keepByte(pick.kept, colon)
  }
  nextByte(pick)
  return field
}

function begins({ body }: Pick, range: Range, text: string): boolean {
  if (body[range.from] !== quote) return false
  return String(parse(body, range)).startsWith(text)
}

function parse(bytes: Buffer, { from, to }: Range): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', from, to))
  } catch {
    // The words of JSON.parse quote the body, which is nobody's business.
    throw new MalformedJson('a field that is read has a malformed value', from)
  }
}
