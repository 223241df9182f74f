import { type Document, LineCounter, parseAllDocuments } from 'yaml'
import { NsmError } from '#sdk/errors.ts'
import { limits, type Written } from './edit-document.ts'
import { cutStream } from './json-stream.ts'

/** A document of a file, read: where it is written and what it says. */
export interface SourceDocument extends Written {
  readonly value: unknown
  /** Which piece of the file its `text` is; a file has several only when it is a stream of JSON objects. */
  readonly piece: number
  /** The line on which it begins. */
  readonly place: string
}

/** The documents of a YAML or JSON text, empty ones included. Throws BAD_INPUT naming file, line and column. */
export function readSource(file: string, text: string): readonly SourceDocument[] {
  let line = 0
  return cutStream(text).flatMap((piece, index) => {
    const above = line
    line += piece.split('\n').length - 1
    return readPiece({ file, text: piece, index, above })
  })
}

/** A part of a file that is read by itself. */
interface Piece {
  readonly file: string
  readonly text: string
  readonly index: number
  /** How many lines of the file are above it. */
  readonly above: number
}

function readPiece({ file, text, index, above }: Piece): readonly SourceDocument[] {
  const lineCounter = new LineCounter()
  const documents: readonly Document[] = [
    ...parseAllDocuments(text, { ...asKubectl, lineCounter, prettyErrors: false, keepSourceTokens: true }),
  ]
  const placeOf = (offset: number) => `${file}:${above + lineCounter.linePos(offset).line}`
  return documents.map(document => {
    const [mistake] = document.errors
    if (mistake !== undefined) {
      const { col } = lineCounter.linePos(mistake.pos[0])
      throw new NsmError('BAD_INPUT', `${placeOf(mistake.pos[0])}:${col}: ${mistake.message}`, {
        cause: mistake,
      })
    }
    const place = placeOf(document.contents?.range?.[0] ?? 0)
    return { text, piece: index, document, placeOf, place, value: valueOf(document, place) }
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
