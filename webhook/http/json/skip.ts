import { type Cursor, countNodes, maxDepth, nextByte, unexpected } from './cursor.ts'
import { MalformedJson } from './malformed.ts'

const quote = 0x22
const backslash = 0x5c

/** What a byte outside strings means for the structure. */
const other = 0
const opens = 1
const closes = 2
const separates = 3
const quotes = 4
const meaning = new Uint8Array(256)
for (const byte of Buffer.from('{[')) meaning[byte] = opens
for (const byte of Buffer.from('}]')) meaning[byte] = closes
meaning[0x2c] = separates
meaning[quote] = quotes

/** The brackets that are open; one reading at a time uses it. */
const open = new Uint8Array(maxDepth + 1)

/**
 * Moves the cursor behind the value that begins there, looking only at what makes the structure: brackets that match,
 * strings that end, depth and number of values. `depth` is how deep the value is itself. Throws MalformedJson.
 */
export function skipValue(cursor: Cursor, depth: number): void {
  const first = nextByte(cursor)
  if (first === quote) skipString(cursor)
  else if (meaning[first] === opens) skipNested(cursor, depth)
  else skipScalar(cursor)
}

/** Moves the cursor, which is at the opening quote, behind the closing one; says whether there were escapes. */
export function skipString(cursor: Cursor): boolean {
  const { body } = cursor
  const end = body.length
  let escaped = false
  for (let at = cursor.at + 1; at < end; at++) {
    const byte = body[at]
    if (byte === quote) {
      cursor.at = at + 1
      return escaped
    }
    if (byte === backslash) {
      escaped = true
      at++
    }
  }
  throw new MalformedJson('a string without an end', cursor.at)
}

/** This loop sees nearly every byte of a body, so it keeps its state in local variables. */
function skipNested(cursor: Cursor, depth: number): void {
  const { body } = cursor
  const end = body.length
  const room = maxDepth - depth
  let level = 0
  let nodes = 0
  let at = cursor.at
  while (at < end) {
    const byte = body[at++] ?? 0
    switch (meaning[byte]) {
      case other:
        break
      case quotes: {
        let inside = body[at++]
        while (inside !== quote) {
          if (inside === backslash) at++
          if (at >= end) throw new MalformedJson('a string without an end', end)
          inside = body[at++]
        }
        break
      }
      case opens:
        if (level >= room) throw new MalformedJson(`more than ${maxDepth} levels`, at - 1)
        open[level++] = byte
        nodes++
        break
      case separates:
        nodes++
        break
      default:
        // In ASCII a closing bracket is two after its opening one.
        if (open[--level] !== byte - 2) throw new MalformedJson('a bracket that does not match', at - 1)
        if (level === 0) {
          cursor.at = at
          countNodes(cursor, nodes)
          return
        }
    }
  }
  throw new MalformedJson('a bracket that is not closed', end)
}

/** Numbers and words: up to what ends a value. What they say is not looked at. */
function skipScalar(cursor: Cursor): void {
  const { body } = cursor
  const start = cursor.at
  let at = start
  for (let byte = body[at]; byte !== undefined && byte > 0x20 && meaning[byte] === other; byte = body[++at]);
  cursor.at = at
  if (at === start) throw unexpected(cursor)
}
