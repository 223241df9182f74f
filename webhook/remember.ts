/** How many results are kept, and how long a text is at most that is worth it; together below 4 MiB. */
const most = 256
const longest = 4096

/**
 * A pure function of text that remembers its last results: what the pods of one controller share is made once for all of
 * them. What it throws is not remembered. Results are shared, so they must be frozen or plain values.
 */
export function remembered<T>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return text => {
    const found = known.get(text)
    if (found !== undefined) return found
    const made = make(text)
    if (text.length > longest) return made
    const [oldest] = known.size < most ? [] : known.keys()
    if (oldest !== undefined) known.delete(oldest)
    known.set(text, made)
    return made
  }
}
