import { NsmError } from '#sdk/errors.ts'
import { applyEdits } from './edit.ts'
import { editDocument } from './edit-document.ts'
import { readSource, type SourceDocument } from './read-source.ts'
import { isSameValue } from './walk.ts'

/**
 * The text of a file whose documents get other values; what is equal before and after stays byte for byte. The result
 * is read again and compared, so that a text which says something else is never handed out: then, and where an alias
 * shares a changed place, it throws BAD_INPUT.
 */
export function changeSource(
  file: string,
  documents: readonly SourceDocument[],
  values: readonly unknown[],
): string {
  const changes = documents.map((document, index) => {
    const after = values[index]
    const { value, piece, text } = document
    const edits = isSameValue(value, after) ? [] : editDocument(document, { before: value, after })
    return { piece, text, edits }
  })
  const changed = Map.groupBy(changes, ({ piece }) => piece)
    .values()
    .map(group =>
      applyEdits(
        group[0]?.text ?? '',
        group.flatMap(({ edits }) => edits),
      ),
    )
    .toArray()
    .join('')
  if (changes.every(({ edits }) => edits.length === 0)) return changed
  const found = readAgain(file, changed)
  const wrong = documents.findIndex((_, index) => !isSameValue(found[index]?.value, values[index]))
  const culprit = documents[wrong] ?? (found.length === documents.length ? undefined : documents.at(-1))
  if (culprit === undefined) return changed
  throw new NsmError(
    'BAD_INPUT',
    `${culprit.place}: this document is written in a way that cannot be changed in place: write it plainly, as kubectl get -o yaml does`,
  )
}

function readAgain(file: string, text: string): readonly SourceDocument[] {
  try {
    return readSource(file, text)
  } catch (cause) {
    if (!(cause instanceof NsmError)) throw cause
    return []
  }
}
