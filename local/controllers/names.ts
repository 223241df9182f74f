import { createHash, randomInt } from 'node:crypto'

/** The letters of Kubernetes' generated names: no vowels, so that no words come out. */
const letters = 'bcdfghjklmnpqrstvwxz2456789'

/** A short text that is the same for the same template, whatever the order of its keys. */
export function revisionOf(template: unknown): string {
  const digest = createHash('sha256').update(canonical(template)).digest()
  return [...digest.subarray(0, 10)].map(byte => letters[byte % letters.length]).join('')
}

/** Five random letters. */
export function randomSuffix(): string {
  return Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('')
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`
}
