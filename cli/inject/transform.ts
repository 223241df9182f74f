import { changeSource } from './change-source.ts'
import { objectsIn, withValueAt } from './pod-places.ts'
import type { SourceDocument } from './read-source.ts'
import type { Judge, Verdict } from './verdict.ts'

/** A file, read. */
export interface SourceFile {
  readonly file: string
  readonly text: string
  readonly documents: readonly SourceDocument[]
}

/** What becomes of a file. */
export interface Transformed {
  readonly source: SourceFile
  /** Each object's verdict, with the place of its document: `web.yaml:12`. */
  readonly verdicts: readonly (Verdict & { readonly place: string })[]
  /** The file's new text. Throws BAD_INPUT when the file is written in a way that cannot be changed in place. */
  readonly text: () => string
}

/** Judges every object of a file, and makes the text that their verdicts ask for. */
export function transform(source: SourceFile, judge: Judge): Transformed {
  const documents = source.documents.map(({ value, place }) => {
    const judged = objectsIn(value).map(found => ({ found, verdict: { ...judge(found), place } }))
    const changed = judged.filter(({ found, verdict }) => verdict.after !== found.value)
    return {
      verdicts: judged.map(({ verdict }) => verdict),
      value: changed.reduce((at, { found, verdict }) => withValueAt(at, found.path, verdict.after), value),
    }
  })
  return {
    source,
    verdicts: documents.flatMap(({ verdicts }) => verdicts),
    text: () =>
      source.documents.length === 0
        ? source.text
        : changeSource(
            source.file,
            source.documents,
            documents.map(({ value }) => value),
          ),
  }
}
