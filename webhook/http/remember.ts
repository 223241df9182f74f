import type { ReviewQuestion } from '#kube/admission-review.ts'
import { type ReviewContext, type Reviewed, review } from '#webhook/review.ts'
import type { PatchSettings } from '#webhook/settings.ts'

/** Answers a question; `inherited` are the annotations of the pod's namespace where they count. */
export type Reviewer = (question: ReviewQuestion, inherited?: ReviewContext['inherited']) => Reviewed

/** Questions that are remembered, and the longest that is worth it; with their answers below 10 MiB. */
const most = 256
const longest = 8 * 1024

/**
 * `review` with a memory of its last answers. A controller makes its pods alike, often hundreds in a burst, and an
 * answer depends on nothing but the question and the settings; so all but the first two cost no decision and no
 * rendering. Whether the question is a dry run changes nothing of the answer, and the uid is put in anew.
 */
export function newReviewer(settings: PatchSettings): Reviewer {
  // An answer is kept from the second time on: most questions that come once never come again.
  const known = new Map<string, Reviewed | 'seen'>()
  return (question, inherited) => {
    const context = inherited === undefined ? { settings } : { settings, inherited }
    const key = keyOf(question, inherited)
    if (key === undefined) return review(question, context)
    const found = known.get(key)
    if (found !== undefined && found !== 'seen') return withUid(found, question.request.uid)
    const made = review(question, context)
    const [oldest] = known.size < most ? [] : known.keys()
    if (oldest !== undefined) known.delete(oldest)
    known.set(key, found === 'seen' ? made : 'seen')
    return made
  }
}

/** All that an answer depends on, as text; undefined when it is not to be remembered. */
function keyOf(
  { apiVersion, request }: ReviewQuestion,
  inherited: ReviewContext['inherited'],
): string | undefined {
  const { kind, operation, name, namespace, object, oldObject } = request
  const asked = { apiVersion, kind, operation, name, namespace, object, inherited }
  const key = JSON.stringify(oldObject === null ? asked : { ...asked, oldObject })
  // A number that is too large for a double is written as null too, and the answer may tell them apart.
  return key.length > longest || key.includes('null') ? undefined : key
}

function withUid({ answer, outcome }: Reviewed, uid: string): Reviewed {
  return { answer: { ...answer, response: { ...answer.response, uid } }, outcome }
}
