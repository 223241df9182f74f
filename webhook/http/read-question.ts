import { type ReviewQuestion, readReview } from '#kube/admission-review.ts'
import { isObject } from '#kube/shape.ts'
import { statusAnnotation } from '#webhook/names.ts'
import { MalformedJson } from './json/malformed.ts'
import { pickJson } from './json/pick.ts'
import { keptFields } from './kept-fields.ts'

/**
 * Reads the question that a body asks. A pod that was injected before is read as a whole, since putting it back may
 * need any field of it; of all others only the kept fields are. Throws MalformedJson, and ShapeError when the envelope
 * is not an AdmissionReview.
 */
export function readQuestion(body: Buffer): ReviewQuestion {
  const question = readReview(pickJson(body, keptFields))
  return hasStatus(question.request.object) ? readReview(parseWhole(body)) : question
}

function hasStatus(object: unknown): boolean {
  if (!isObject(object) || !isObject(object['metadata'])) return false
  const { annotations } = object['metadata']
  return isObject(annotations) && annotations[statusAnnotation] !== undefined
}

function parseWhole(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new MalformedJson('a value is malformed', 0)
  }
}
