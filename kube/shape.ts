/** JSON is not of the shape that its kind has; the message names the place and what was expected. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

/** A JSON object whose fields are not known. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Whether a value is a JSON object: neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The JSON object that a text is; undefined when it is something else. */
export function parsedObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The object at a place, for messages such as `Pod /spec`. Throws ShapeError when it is something else. */
export function objectAt(value: unknown, place: string): JsonObject {
  if (!isObject(value)) throw malformed(value, place, 'an object')
  return value
}

/** As `objectAt`, but absent and null are an empty object, as the Kubernetes API reads them. */
export function optionalObjectAt(value: unknown, place: string): JsonObject {
  return value === undefined || value === null ? {} : objectAt(value, place)
}

/** A list of objects; absent and null are an empty list. Throws ShapeError when it is something else. */
export function optionalObjectsAt(value: unknown, place: string): readonly JsonObject[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw malformed(value, place, 'a list')
  return value.map((item, index) => objectAt(item, `${place}/${index}`))
}

/** Checks a map of text to text; absent and null pass. Throws ShapeError when it is something else. */
export function checkTexts(value: unknown, place: string): void {
  const texts = optionalObjectAt(value, place)
  for (const [key, text] of Object.entries(texts)) {
    if (typeof text !== 'string') throw malformed(text, `${place}/${key}`, 'text in quotes')
  }
}

function malformed(value: unknown, place: string, expected: string): ShapeError {
  return new ShapeError(`${place} is ${kindOf(value)}, expected ${expected}`)
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
