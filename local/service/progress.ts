import type { MessageInitShape } from '@bufbuild/protobuf'
import type { LocalMesh } from '#local/mesh.ts'
import type { ProgressSchema } from '#sdk/wire/gen/local/local_pb.ts'

/** One line of progress. */
export type Progress = MessageInitShape<typeof ProgressSchema>

/** A stream of progress. */
export type ProgressStream = AsyncGenerator<Progress, void, void>

/** The last line of a stream that ended well. */
export const finished: Progress = { done: true }

/** A note that is given once in the life of a mesh; nothing when it was given before. */
export function* noteOnce(mesh: LocalMesh, object: string, text: string): Generator<Progress> {
  if (mesh.given.has(text)) return
  mesh.given.add(text)
  yield { object, state: 'note', text }
}
