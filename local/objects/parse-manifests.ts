import { LineCounter, parseAllDocuments } from 'yaml'
import { isObject, type JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'

/** The text of a YAML or JSON file, as the user named it. */
export interface ManifestText {
  readonly file: string
  readonly text: string
}

/** An object as it is written, and where. */
export interface WrittenObject {
  readonly value: JsonObject
  /** `pods.yaml:12`, the line of the document that it is in. */
  readonly place: string
}

/**
 * Reads the objects of YAML files: several documents a file, empty ones skipped, kinds that end in `List` expanded.
 * Throws BAD_INPUT naming file, line and column.
 */
export function parseManifests(manifests: readonly ManifestText[]): readonly WrittenObject[] {
  return manifests.flatMap(parseManifest)
}

function parseManifest({ file, text }: ManifestText): readonly WrittenObject[] {
  const lineCounter = new LineCounter()
  const documents = [...parseAllDocuments(text, { lineCounter, prettyErrors: false, merge: true })]
  return documents.flatMap(document => {
    if (document.errors.length > 0) {
      const mistakes = document.errors.slice(0, 3).map(({ pos, message }) => {
        const { line, col } = lineCounter.linePos(pos[0])
        return `${file}:${line}:${col}: ${message}`
      })
      throw new NsmError('BAD_INPUT', mistakes.join('; '), { cause: document.errors[0] })
    }
    const { line } = lineCounter.linePos(document.contents?.range?.[0] ?? 0)
    return objectsOf(
      toValue(() => document.toJS(), `${file}:${line}`),
      `${file}:${line}`,
    )
  })
}

/** An alias may name an anchor that does not exist, which shows only here. */
function toValue(read: () => unknown, place: string): unknown {
  try {
    return read()
  } catch (cause) {
    throw new NsmError('BAD_INPUT', `${place}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}

function objectsOf(value: unknown, place: string): readonly WrittenObject[] {
  if (value === null || value === undefined) return []
  if (!isObject(value))
    throw new NsmError(
      'BAD_INPUT',
      `${place}: a Kubernetes object is expected, with apiVersion, kind and metadata`,
    )
  const { kind, items } = value
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [{ value, place }]
  return items.flatMap((item, index) => objectsOf(item, `${place} item ${index + 1}`))
}
