/** Labels for a sentence: `app=web,tier=front`, or `no labels`. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? 'no labels' : pairs.join(',')
}
