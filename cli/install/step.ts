import { create } from '@bufbuild/protobuf'
import { type Progress, ProgressSchema } from '#sdk/wire/gen/local/local_pb.ts'

/** What an installation or its end has done, or waits for, as the local mesh tells it. */
export type Step = Progress

/** A step about an object. */
export function step(object: string, state: string, text = ''): Step {
  return create(ProgressSchema, { object, state, text })
}
