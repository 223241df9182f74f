import type { ReviewQuestion } from '#kube/admission-review.ts'
import type { Log } from '#sdk/log.ts'
import type { Metrics } from '#webhook/metrics/metrics.ts'
import { type Outcome, type ReviewContext, review } from '#webhook/review.ts'
import type { PatchSettings } from '#webhook/settings.ts'
import { cancelled, httpErrorOf } from './http-error.ts'
import { noteAnswer, noteDefect, noteRejection } from './note.ts'
import { joined, type ReadLimits, readBody } from './read-body.ts'
import { readQuestion } from './read-question.ts'
import { type Exchange, refuse, sendJson } from './send.ts'

/** Where admission reviews are posted: the second takes pods of namespaces whose annotations they inherit. */
export const reviewPaths = ['/mutate', '/mutate/inherited'] as const

/** One of `reviewPaths`. */
export type ReviewPath = (typeof reviewPaths)[number]

/** What answering needs. */
export interface Answering extends ReadLimits {
  readonly settings: PatchSettings
  readonly namespaces: InheritedAnnotations
  readonly events: OutcomeEvents
  readonly log: Log
  readonly metrics: Metrics
}

/** Knows the annotations that pods inherit. Rejects with API_UNAVAILABLE when it does not know them yet. */
export interface InheritedAnnotations {
  annotationsOf(namespace: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>>
}

/** Tells users what became of their objects; never throws, never waits. */
export interface OutcomeEvents {
  record(outcome: Outcome, question: ReviewQuestion): void
}

/** Reads one admission review, answers it, and notes what became of it. Never rejects. */
export async function answerReview(
  exchange: Exchange,
  path: ReviewPath,
  answering: Answering,
): Promise<void> {
  const { log, metrics, largeBodies } = answering
  const started = performance.now()
  const seen: { bytes: number; question?: ReviewQuestion } = { bytes: 0 }
  metrics.begin()
  try {
    const pieces = await readBody(exchange.request, answering)
    const body = joined(pieces)
    seen.bytes = body.length
    const question = readQuestion(body)
    seen.question = question
    const inherited = path === '/mutate' ? undefined : await inheritedBy(question, exchange, answering)
    const { answer, outcome } = review(question, context(answering.settings, inherited))
    sendJson(exchange, answer)
    noteAnswer({ log, metrics }, { question, outcome, bytes: seen.bytes, ms: performance.now() - started })
    answering.events.record(outcome, question)
  } catch (thrown) {
    const error = httpErrorOf(thrown)
    if (error === undefined) noteDefect({ log, metrics }, { path, thrown, question: seen.question })
    else noteRejection({ log, metrics }, { path, error, bytes: seen.bytes })
    refuse(exchange, error)
  } finally {
    largeBodies.leave(exchange.request)
    metrics.end((performance.now() - started) / 1000, seen.bytes)
  }
}

function context(settings: PatchSettings, inherited: ReviewContext['inherited']): ReviewContext {
  return inherited === undefined ? { settings } : { settings, inherited }
}

/** The annotations of the pod's namespace; waiting for them ends when the client goes away. */
async function inheritedBy(
  { request }: ReviewQuestion,
  { response }: Exchange,
  { namespaces }: Answering,
): Promise<Readonly<Record<string, string>>> {
  const gone = new AbortController()
  const abort = () => gone.abort(cancelled())
  response.once('close', abort)
  try {
    return await namespaces.annotationsOf(request.namespace ?? '', gone.signal)
  } finally {
    response.off('close', abort)
  }
}
