import type { EventReport, Regarding } from '#kube/events/event-report.ts'
import { shortNote } from '#kube/events/short-note.ts'
import type { Connections } from '#manager/connections.ts'
import type { Happening, Subject } from '#manager/events.ts'
import { endpointName } from '#manager/external-network.ts'
import type { Wired } from '#manager/request.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import { parameter } from '#sdk/wire/mechanism.ts'

/** Why an Event was made; for `kubectl get events --field-selector reason=…`. */
export type PodReason =
  | 'NetworkServiceConnected'
  | 'NetworkServiceHealed'
  | 'NetworkServiceLost'
  | 'NetworkServiceClosed'
  | 'NetworkServiceNoEndpoint'
  | 'NetworkServiceNoForwarder'
  | 'NetworkServiceFailed'
  | 'NetworkServiceOffered'
  | 'NetworkServiceWithdrawn'

/** What reporting depends on. */
export interface PodReportsOptions {
  readonly connections: Connections
  /** Whether a pod is there and stays: nobody needs to be told what becomes of one that ends. */
  readonly stays: (uid: string) => boolean
}

/** The codes by which a client waits for something that is not there yet. */
const waits: Readonly<Record<string, PodReason>> = {
  NO_ENDPOINT: 'NetworkServiceNoEndpoint',
  SERVICE_NOT_FOUND: 'NetworkServiceNoEndpoint',
  ENDPOINT_LOST: 'NetworkServiceNoEndpoint',
  FORWARDER_UNAVAILABLE: 'NetworkServiceNoForwarder',
}

/**
 * What of that which happens in the manager the users of a pod should read in `kubectl describe`: why it waits, that it is
 * connected, and when that changes. A refresh that changes nothing is not told.
 */
export class PodReports {
  readonly #options: PodReportsOptions
  /** The connections that users were told of, or that were there before. */
  readonly #told: Map<string, 'up' | 'down'>

  constructor(options: PodReportsOptions) {
    this.#options = options
    this.#told = new Map(
      options.connections
        .list()
        .map(({ id, connection }) => [id, connection.state === State.DOWN ? 'down' : 'up']),
    )
  }

  /** The Event that something is worth; undefined for most. */
  of(happening: Happening, subject?: Subject): EventReport | undefined {
    const pod = subject === undefined ? happening.pod : podOf(subject)
    const report = subject === undefined ? offered(happening) : this.#connected(happening, subject)
    if (pod === undefined || report === undefined || !this.#options.stays(pod.uid)) return undefined
    return { ...report, note: shortNote(report.note), regarding: regarding(pod) }
  }

  #connected({ step, text, code = 'INTERNAL' }: Happening, subject: Subject): Words | undefined {
    const { id, connection, asker } = subject
    const { networkService } = connection
    switch (step) {
      case 'failed':
        // What the agent tries in vain is told as a loss.
        if (asker === 'agent' || code === 'CANCELLED') return undefined
        return warning(waits[code] ?? 'NetworkServiceFailed', `waits for ${networkService}: ${text}`)
      case 'replied':
        return this.#replied(id)
      case 'connection-down':
        this.#told.set(id, 'down')
        return warning('NetworkServiceLost', `the connection to ${networkService} is down: ${text}`)
      case 'closed':
        this.#told.delete(id)
        return warning('NetworkServiceClosed', text)
      default:
        return undefined
    }
  }

  #replied(id: string): Words | undefined {
    const wired = this.#options.connections.get(id)
    const before = this.#told.get(id)
    if (wired === undefined || before === 'up') return undefined
    this.#told.set(id, 'up')
    const verb = before === 'down' ? 'connected again' : 'connected'
    return {
      type: 'Normal',
      reason: before === 'down' ? 'NetworkServiceHealed' : 'NetworkServiceConnected',
      note: `${verb} to ${wired.connection.networkService}${interfaceText(wired)}: ${endpointName(wired.endpoint)} on node ${wired.endpoint.node}`,
    }
  }
}

interface Words extends Omit<EventReport, 'regarding'> {
  readonly reason: PodReason
}

function offered({ step, text }: Happening): Words | undefined {
  if (step === 'endpoint-registered') return { type: 'Normal', reason: 'NetworkServiceOffered', note: text }
  return step === 'endpoint-removed' ? warning('NetworkServiceWithdrawn', text) : undefined
}

function warning(reason: PodReason, note: string): Words {
  return { type: 'Warning', reason, note }
}

function podOf({ caller }: Subject): Pod | undefined {
  return caller?.kind === 'pod' ? caller.pod : undefined
}

function interfaceText({ connection: { mechanism, context } }: Wired): string {
  const name = mechanism?.parameters[parameter.name] ?? ''
  const addresses = (context?.ipContext?.srcIpAddrs ?? []).join(', ')
  const detail = addresses === '' ? '' : ` (${addresses})`
  return name === '' ? '' : ` by interface ${name}${detail}`
}

function regarding({ namespace, name, uid }: Pod): Regarding {
  return { apiVersion: 'v1', kind: 'Pod', namespace, name, uid }
}
