import type { EndpointRecord } from '#registry/registry.ts'
import type { Address, Client } from '#sdk/rpc/types.ts'
import type { Connection, Mechanism } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import type { Channels } from './channels.ts'
import type { Forwarder } from './forwarders.ts'
import { localEndpoint } from './local-endpoint.ts'
import { remoteManager } from './remote-manager.ts'

/** Who is asked for a connection next: an endpoint of this node, or the manager of another. */
export interface Hop {
  readonly kind: 'endpoint' | 'manager'
  readonly service: Client<typeof NetworkService>
  /** The mechanisms to offer, best first. Throws ENDPOINT_REFUSED when there is none. */
  readonly offer: (forwarder: Forwarder) => readonly Mechanism[]
  /** The mechanism of the other end, from the answer. Throws ENDPOINT_REFUSED when it cannot be used. */
  readonly mechanismOf: (answer: Connection, forwarder: Forwarder) => Mechanism
}

/** What is needed to reach the next hop. */
export interface HopOptions {
  readonly node: string
  readonly channels: Channels
  /** Where the pod of a workspace serves. */
  readonly clientSocket: (workspace: string) => Address
}

/** The next hop towards an endpoint. */
export function hopTo(record: EndpointRecord, options: HopOptions): Hop {
  return record.node === options.node ? localEndpoint(record, options) : remoteManager(record, options)
}
