/** `a, b, c, ...`: a cell has room for three. */
export function someOf(names: readonly string[]): string {
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', ...' : ''}`
}

/** `Node a`, or `Nodes a, b, ...`. */
export function nodesCalled(names: readonly string[]): string {
  return `${names.length === 1 ? 'Node' : 'Nodes'} ${someOf(names)}`
}
