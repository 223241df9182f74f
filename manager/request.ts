import type { Timestamp } from '@bufbuild/protobuf/wkt'
import type { EndpointRecord, ServiceRecord } from '#registry/registry.ts'
import type { Step } from '#sdk/chain/step.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Connection, Mechanism } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import type { Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import type { NetnsRef } from '#sdk/wire/mechanism.ts'
import type { Forwarder } from './forwarders.ts'
import type { TunnelNumbers } from './tunnel-numbers.ts'

/** Who asks: a pod of this node, or the manager of another node on behalf of one of its pods. */
export type Caller =
  | { readonly kind: 'pod'; readonly pod: Pod; readonly netns: NetnsRef }
  | { readonly kind: 'manager'; readonly name: string }

/** A request on its way through the chain; the steps fill in what they choose. */
export interface ManagerRequest {
  /** The id of this manager's own path segment, which names the connection everywhere but at the caller. */
  readonly id: string
  readonly caller: Caller
  /** As this manager sees it: `id` is its own and `path.index` points at itself. */
  readonly connection: Connection
  /** The mechanisms that the caller can be attached by, best first. */
  readonly preferences: readonly Mechanism[]
  /** Counts the runs of one connection's requests, from 1. */
  readonly attempt: number
  /** Who waits for the answer: a client can be held until an endpoint comes, the agent decides something else then. */
  readonly asker: 'client' | 'agent'
  /** Name of an endpoint that is not to be chosen: its pod is gone, whether the registry knows or not. */
  readonly without?: string
  /** By `performance.now()`. */
  readonly started: number
  readonly forwarder?: Forwarder
  /** What the match of the service asks of a forwarder. */
  readonly forwarderLabels?: Readonly<Record<string, string>>
  readonly service?: ServiceRecord
  readonly endpoint?: EndpointRecord
  /** What to propose to another node for the tunnel between us. */
  readonly numbers?: TunnelNumbers
  /** How the caller's end is attached, where that is another node. */
  readonly source?: Mechanism
  /** The other end, as the endpoint or its manager answered, with its mechanism. */
  readonly destination?: Connection
}

/** A connection that stands. */
export interface Wired {
  readonly id: string
  readonly caller: Caller
  /** What the caller was answered, as this manager sees it. */
  readonly connection: Connection
  /** What the forwarder made. */
  readonly crossConnect: CrossConnect
  readonly endpoint: EndpointRecord
  /** Name of the forwarder that made it. */
  readonly forwarder: string
  readonly created: Timestamp
  /** Microseconds from the newest request to its reply. */
  readonly setupMicros: bigint
}

/** A step of the manager's chain. */
export type ManagerStep = Step<ManagerRequest, Wired>

/** What an earlier step has chosen. INTERNAL when it has not, which is a defect of the chain's order. */
export function chosen<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new NsmError('INTERNAL', `no step has chosen the ${what} yet`)
  return value
}

/** The caller in words: `default/client`, or `manager node-1`. */
export function callerName(caller: Caller): string {
  return caller.kind === 'pod' ? podName(caller.pod) : `manager ${caller.name}`
}

/** `namespace/name` of a pod. */
export function podName({ namespace, name }: Pod): string {
  return `${namespace}/${name}`
}

/** The request that would make a connection again, for events from within. */
export function requestOf({ id, caller, connection }: Wired): ManagerRequest {
  const preferences = connection.mechanism === undefined ? [] : [connection.mechanism]
  return { id, caller, connection, preferences, attempt: 0, asker: 'agent', started: performance.now() }
}
