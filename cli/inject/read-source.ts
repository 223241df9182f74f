import { type Document, LineCounter, parseAllDocuments } from 'yaml'
import { NsmError } from '#sdk/errors.ts'
import { limits, type Written } from './edit-document.ts'

/** A document of a file, read: where it is written and what it says. */
export interface SourceDocument extends Written {
  readonly value: unknown
  /** The line on which it begins. */
  readonly place: string
}

/** The documents of a YAML or JSON text, empty ones included. Throws BAD_INPUT naming file, line and column. */
export function readSource(file: string, text: string): readonly SourceDocument[] {
  const lineCounter = new LineCounter()
  const documents: readonly Document[] = [
    ...parseAllDocuments(text, { ...asKubectl, lineCounter, prettyErrors: false, keepSourceTokens: true }),
  ]
  const placeOf = (offset: number) => `${file}:${lineCounter.linePos(offset).line}`
  return documents.map(document => {
    const [mistake] = document.errors
    if (mistake !== undefined) {
      const { line, col } = lineCounter.linePos(mistake.pos[0])
      throw new NsmError('BAD_INPUT', `${file}:${line}:${col}: ${mistake.message}`, { cause: mistake })
    }
    const place = placeOf(document.contents?.range?.[0] ?? 0)
    return { text, document, placeOf, place, value: valueOf(document, place) }
  })
}

/** An alias may name an anchor that does not exist, which shows only here. */
function valueOf(document: Document, place: string): unknown {
  try {
    return document.toJS(limits)
  } catch (cause) {
    throw new NsmError('BAD_INPUT', `${place}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}

/** kubectl merges `<<`, and reads yes, no, on and off as booleans, as YAML 1.1 had it. */
const asKubectl = {
  merge: true,
  customTags: tags => [
    ...tags,
    {
      tag: 'tag:yaml.org,2002:bool',
      default: true,
      test: /^(?:yes|Yes|YES|on|On|ON|no|No|NO|off|Off|OFF)$/,
      resolve: (word: string) => /^(?:yes|on)$/i.test(word),
    },
  ],
} as const satisfies Parameters<typeof parseAllDocuments>[1]
