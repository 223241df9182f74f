import { MalformedJson } from './malformed.ts'

/** Objects and lists within each other; Kubernetes objects stay below 30. */
export const maxDepth = 100

/** Values in a body; the largest object that etcd takes (1.5 MiB) has a third of it. */
const maxNodes = 500_000

/** Where reading is in a body, and how many values were seen. */
export interface Cursor {
  readonly body: Buffer
  at: number
  nodes: number
}

/** Counts a value. Throws MalformedJson when there are too many. */
export function countNodes(cursor: Cursor, count: number): void {
  cursor.nodes += count
  if (cursor.nodes > maxNodes) throw new MalformedJson(`more than ${maxNodes} values`, cursor.at)
}

/** Passes white space and gives the byte that follows; -1 at the end of the body. */
export function nextByte(cursor: Cursor): number {
  const { body } = cursor
  let at = cursor.at
  let byte = body[at]
  while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = body[++at]
  cursor.at = at
  return byte ?? -1
}

/** The error for a byte that cannot be where the cursor is. */
export function unexpected(cursor: Cursor): MalformedJson {
  const byte = cursor.body[cursor.at]
  const found = byte === undefined ? 'the end' : JSON.stringify(String.fromCharCode(byte))
  return new MalformedJson(`unexpected ${found}`, cursor.at)
}
