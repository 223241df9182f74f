import type { ReviewQuestion } from '#kube/admission-review.ts'
import type { Log } from '#sdk/log.ts'
import type { Metrics } from '#webhook/metrics/metrics.ts'
import type { Outcome } from '#webhook/review.ts'
import type { HttpError } from './http-error.ts'

/** Where it is noted what became of requests. */
interface Notes {
  readonly log: Log
  readonly metrics: Metrics
}

/** What there is to say of an answered question. */
interface Answered {
  readonly question: ReviewQuestion
  readonly outcome: Outcome
  readonly bytes: number
  readonly ms: number
}

/** Notes an answer: one line, which never holds the object. */
export function noteAnswer({ log, metrics }: Notes, { question, outcome, bytes, ms }: Answered): void {
  const { uid, operation, kind, namespace, dryRun } = question.request
  const { result, reasons, operations, object, owner, message } = outcome
  metrics.answered(known(operation), result, reasons[0] ?? '')
  log.info(
    {
      uid: clip(uid),
      operation: clip(operation),
      kind: clip(kind.kind),
      namespace: clip(namespace),
      object: clip(object),
      owner: owner === undefined ? undefined : clip(`${owner.kind ?? ''} ${owner.name ?? ''}`),
      dryRun: dryRun === true ? true : undefined,
      reasons,
      message: result === 'denied' ? clip(message) : undefined,
      operations,
      bytes,
      ms: Math.round(ms * 1000) / 1000,
    },
    result,
  )
}

/** Notes a request that was no question. */
export function noteRejection(
  { log, metrics }: Notes,
  { path, error, bytes }: { readonly path: string; readonly error: HttpError; readonly bytes: number },
): void {
  metrics.rejected(error.rejection)
  log.warn({ path, status: error.status, reason: clip(error.message), bytes }, error.rejection)
}

/** Notes a question on which we failed. */
export function noteDefect(
  { log, metrics }: Notes,
  {
    path,
    thrown,
    question,
  }: { readonly path: string; readonly thrown: unknown; readonly question: ReviewQuestion | undefined },
): void {
  metrics.answered(known(question?.request.operation), 'error', 'defect')
  log.error({ path, uid: clip(question?.request.uid), err: thrown }, 'a defect of the webhook')
}

/** What a client sends may be of any length; a line of the log may not. */
function clip(text: string | undefined): string | undefined {
  return text === undefined || text.length <= 512 ? text : `${text.slice(0, 511)}…`
}

/** Operations that Kubernetes has; any other word is not worth a time series. */
function known(operation: string | undefined): string {
  return ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'].find(name => name === operation) ?? 'other'
}
