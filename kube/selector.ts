import { isObject, type JsonObject } from './shape.ts'

/** Whether an object has the labels and fields that the query of a list asks for: `=`, `==`, `!=`, `key`, `!key`. */
export function isSelected(object: JsonObject, query: URLSearchParams): boolean {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  const labels = isObject(metadata['labels']) ? metadata['labels'] : {}
  const fields = { ...fieldsOf(object, 'metadata'), ...fieldsOf(object, 'spec') }
  return (
    termsOf(query, 'labelSelector').every(isMet(labels)) &&
    termsOf(query, 'fieldSelector').every(isMet(fields))
  )
}

/** The fields of one part of an object, by their paths. */
function fieldsOf(object: JsonObject, part: 'metadata' | 'spec'): JsonObject {
  const fields = isObject(object[part]) ? object[part] : {}
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [`${part}.${key}`, value]))
}

function termsOf(query: URLSearchParams, name: string): readonly string[] {
  const text = query.get(name) ?? ''
  return text === '' ? [] : text.split(',')
}

function isMet(values: JsonObject): (term: string) => boolean {
  return term => {
    const [, key = '', operator = '', wanted = ''] = /^\s*([^=!\s]+)\s*(==?|!=)\s*(.*?)\s*$/.exec(term) ?? []
    if (operator === '!=') return values[key] !== wanted
    if (operator !== '') return values[key] === wanted
    return term.startsWith('!') ? !(term.slice(1) in values) : term.trim() in values
  }
}
