/**
 * Reads labels as `key=value,key=value` (NSM v0) or `key:value,key:value` (NSM v1); white space around a pair is left
 * out and the empty text has no labels. Throws Error naming the pair that is no pair or repeats a key, so that it
 * serves as the parser of a setting.
 */
export function parseLabels(text: string): Readonly<Record<string, string>> {
  const labels = new Map<string, string>()
  if (text.trim() === '') return {}
  for (const pair of text.split(',').map(part => part.trim())) {
    const parts = pair.split(pair.includes('=') ? '=' : ':')
    const [key = '', value] = parts.map(part => part.trim())
    if (key === '' || value === undefined || parts.length > 2) {
      throw new Error(
        `${JSON.stringify(pair)} is not a label; expected key=value, several separated by commas`,
      )
    }
    if (labels.has(key)) throw new Error(`${JSON.stringify(pair)} gives the label ${key} a second value`)
    labels.set(key, value)
  }
  return Object.fromEntries(labels)
}
