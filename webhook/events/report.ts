import type { ReviewQuestion } from '#kube/admission-review.ts'
import type { EventReport } from '#kube/events/event-report.ts'
import { shortNote } from '#kube/events/short-note.ts'
import { isWorkloadKind } from '#kube/workload.ts'
import { type Owner, regardingOf } from './regarding.ts'

/** What Events need of the outcome of a review. */
export interface Told {
  readonly result: 'injected' | 'changed' | 'skipped' | 'denied'
  readonly reasons: readonly string[]
  /** The refusal, or the services that were injected. */
  readonly message?: string
  /** The controller of a pod. */
  readonly owner?: Owner
}

/** What an Event of the webhook says, and about what. */
export interface Report extends EventReport {
  readonly reason: 'NetworkServicesInjected' | 'NetworkServicesSkipped' | 'NetworkServicesRefused'
}

/** Skips that surprise a user; the others were asked for, or are nobody's business. */
const surprises: Readonly<Record<string, string>> = {
  'host-network':
    'a pod asks for network services but has hostNetwork: true, so it has no interfaces of its own and gets none',
  'windows-pod': 'a pod asks for network services but runs on Windows, where there are none',
  'ignored-namespace': 'a pod asks for network services in a namespace that the webhook ignores',
  'immutable-template':
    'the pod template of a Job cannot change: make the Job anew for its annotation to take effect',
}

/**
 * What of an outcome is worth an Event, if anything. Nothing is said of a dry run. The note names no pod, so that the
 * pods of one controller are one Event with a count.
 */
export function reportOf(outcome: Told, question: ReviewQuestion): Report | undefined {
  const { request } = question
  if (request.dryRun === true) return undefined
  const words = wordsOf(outcome, request.kind.kind)
  const regarding = words === undefined ? undefined : regardingOf(question, outcome.owner)
  return words === undefined || regarding === undefined ? undefined : { regarding, ...words }
}

function wordsOf(outcome: Told, kind: string): Omit<Report, 'regarding'> | undefined {
  if (outcome.result === 'injected')
    return injected(
      `a pod asks for ${outcome.message ?? 'network services'}: it gets the container that connects it`,
    )
  if (outcome.result === 'changed')
    return isWorkloadKind(kind)
      ? injected(`the pod template follows the annotation of the ${kind}`)
      : undefined
  if (outcome.result === 'denied')
    return warning('NetworkServicesRefused', outcome.message ?? outcome.reasons.join(', '))
  const notes = outcome.reasons.flatMap(reason => surprises[reason] ?? [])
  return notes.length === 0 ? undefined : warning('NetworkServicesSkipped', notes.join('; '))
}

function injected(note: string): Omit<Report, 'regarding'> {
  return { type: 'Normal', reason: 'NetworkServicesInjected', note: shortNote(note) }
}

function warning(reason: Report['reason'], note: string): Omit<Report, 'regarding'> {
  return { type: 'Warning', reason, note: shortNote(note) }
}
