/** A piece of a text, `start` to `end` (exclusive), and what takes its place; an insertion has `start` = `end`. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** The text after all edits. Removals may overlap, nothing else; insertions at one place keep their order. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const ordered = edits.toSorted((a, b) => a.start - b.start || a.end - b.end)
  const pieces: string[] = []
  let at = 0
  for (const edit of ordered) {
    if (edit.start < at && edit.text !== '') throw new RangeError(`edits overlap at offset ${edit.start}`)
    pieces.push(text.slice(at, edit.start), edit.text)
    at = Math.max(at, edit.end)
  }
  return pieces.join('') + text.slice(at)
}

/** Puts text at a place. */
export function insertAt(start: number, text: string): Edit {
  return { start, end: start, text }
}
