import type { EventReport, Reporter } from './event-report.ts'

/** How often a thing happened, and when; milliseconds since 1970. */
export interface Occurrences {
  readonly count: number
  readonly first: number
  readonly last: number
}

/**
 * An Event of events.k8s.io/v1. That version counts what repeats in a `series`, which one small patch moves on, and
 * demands the fields that say who reports what; core/v1 stores the same object with both left to taste.
 */
export function eventObject(
  { regarding, type, reason, note }: EventReport,
  occurrences: Occurrences,
  { name, controller, instance, action }: Reporter & { readonly name: string },
): object {
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name, namespace: regarding.namespace },
    eventTime: microTime(occurrences.first),
    reportingController: controller,
    reportingInstance: instance.slice(0, 128),
    action,
    reason,
    regarding,
    note,
    type,
    ...series(occurrences),
  }
}

/** The part of an Event that changes when the same thing happens again; empty for what happened once. */
export function series({ count, last }: Occurrences): { readonly series?: object } {
  return count < 2 ? {} : { series: { count, lastObservedTime: microTime(last) } }
}

/** Kubernetes' MicroTime has exactly six digits after the point. */
function microTime(at: number): string {
  return new Date(at).toISOString().replace('Z', '000Z')
}
