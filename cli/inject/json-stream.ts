/**
 * Cuts a text of several JSON objects one after the other, as jq prints them, into one piece for each, blanks included.
 * One piece for everything else.
 */
export function cutStream(text: string): readonly string[] {
  if (!/^\uFEFF?\s*\{/.test(text)) return [text]
  const pieces: string[] = []
  let depth = 0
  let start = 0
  for (const { 0: token, index } of text.matchAll(/"[^"\\]*(?:\\[^][^"\\]*)*"|[{}]|[^\s{}"]+|"/g)) {
    // Between two objects of a stream there is nothing; in YAML there is.
    if (depth === 0 && token !== '{') return [text]
    if (depth === 0 && index > 0 && text.slice(start, index).trim() !== '') {
      pieces.push(text.slice(start, index))
      start = index
    }
    if (token === '{') depth += 1
    if (token === '}') depth -= 1
  }
  return depth === 0 ? [...pieces, text.slice(start)] : [text]
}
