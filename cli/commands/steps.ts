import { timestampMs } from '@bufbuild/protobuf/wkt'
import type { Event } from '#sdk/wire/gen/admin/admin_pb.ts'

/** The ten steps of a connection, as the VPN gateway example of Network Service Mesh numbers them. */
const numbers: Readonly<Record<string, number>> = {
  'pod-started': 1,
  'endpoint-registered': 2,
  requested: 3,
  'registry-queried': 4,
  'endpoint-selected': 5,
  'endpoint-requested': 6,
  'endpoint-accepted': 7,
  'endpoint-refused': 7,
  'endpoint-lost': 7,
  'endpoint-interface': 8,
  'remote-replied': 9,
  'client-interface': 10,
}

/** The number of a step, or nothing for what lies outside the ten. */
export function stepNumber(step: string): string {
  return numbers[step]?.toString() ?? ''
}

/**
 * The events of one connection in order of time, preceded by the start and the registration of every endpoint that
 * it was sent to. Of a request that is repeated unchanged while it waits, the first run and the last one stay.
 */
export function stepsOf(events: readonly Event[], connectionId: string): readonly Event[] {
  const own = events.filter(event => event.connectionId === connectionId)
  const endpoints = new Set(
    own.filter(event => event.step === 'endpoint-selected').map(event => event.object),
  )
  const registrations = events.filter(
    event => event.step === 'endpoint-registered' && endpoints.has(event.object),
  )
  const pods = events.filter(
    event =>
      event.step === 'pod-started' &&
      registrations.some(registration => registration.text.includes(event.object)),
  )
  return [...pods, ...registrations, ...firstAndLastRuns(own)].toSorted((a, b) => millis(a) - millis(b))
}

function firstAndLastRuns(own: readonly Event[]): readonly Event[] {
  const last = Math.max(0, ...own.map(event => event.attempt))
  return own.filter(event => event.attempt <= 1 || event.attempt === last)
}

function millis(event: Event): number {
  return event.time === undefined ? 0 : timestampMs(event.time)
}
