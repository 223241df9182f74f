/** The API server's bound of a note, in bytes. */
const limit = 1024

/** A text as one line that fits into the note of an Event; what is left out is marked. */
export function shortNote(text: string): string {
  // No more is looked at than could fit: a refusal may quote an annotation of any size.
  const line = text
    .slice(0, 2 * limit)
    .replaceAll(/\s+/g, ' ')
    .trim()
  const bytes = Buffer.from(line)
  if (bytes.length <= limit && text.length <= 2 * limit) return line
  // The dots take three bytes; a character that the cut would split is left out.
  const end = bytes.subarray(0, limit - 3).toString()
  return `${end.replace(/\uFFFD$/, '')}…`
}
