import type { ReviewQuestion } from '#kube/admission-review.ts'
import type { KubeApi } from '#kube/api.ts'
import { EventSender, type SendResult } from '#kube/events/event-sender.ts'
import type { Log } from '#sdk/log.ts'
import { reportOf, type Told } from './report.ts'

/** Tells users by Kubernetes Events what became of their pods and workloads. */
export interface Events extends AsyncDisposable {
  /** Takes an outcome up for an Event, or drops it. Never throws, never waits. */
  record(outcome: Told, question: ReviewQuestion): void
}

/** What the sending needs. */
export interface EventsOptions {
  readonly api: Pick<KubeApi, 'call'>
  readonly log: Log
  /** Name of the webhook's pod, said in each Event; an empty one becomes nsm-webhook, because the API server wants one. */
  readonly instance: string
  readonly onResult?: (result: SendResult) => void
}

/** Sends Events beside the requests that cause them; `EventSender` says how many. */
export function sendEvents({ instance, ...options }: EventsOptions): Events {
  const sender = new EventSender({
    ...options,
    reporter: {
      controller: 'networkservicemesh.io/webhook',
      instance: instance === '' ? 'nsm-webhook' : instance,
      action: 'Admit',
    },
  })
  return {
    record: (outcome, question) => sender.record(() => reportOf(outcome, question)),
    [Symbol.asyncDispose]: () => sender[Symbol.asyncDispose](),
  }
}
