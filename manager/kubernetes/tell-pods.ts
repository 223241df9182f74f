import type { EventReport } from '#kube/events/event-report.ts'
import type { Connections } from '#manager/connections.ts'
import type { Events } from '#manager/events.ts'
import type { NodePods } from './node-pods.ts'
import { PodReports } from './pod-reports.ts'

/** Takes what may be worth an Event; never throws. */
export type Report = (make: () => EventReport | undefined) => void

/** What telling users of their pods depends on. */
export interface TellPodsOptions {
  readonly events: Events
  readonly connections: Connections
  readonly nodePods: NodePods
  readonly report: Report
}

/** Has an Event made of all that users should read of the pods of this node, until disposed. */
export function tellPods({ events, connections, nodePods, report }: TellPodsOptions): Disposable {
  const stays = (uid: string): boolean => nodePods.get(uid)?.isLeaving === false
  const reports = new PodReports({ connections, stays })
  return events.listen((happening, subject) => report(() => reports.of(happening, subject)))
}
