import type { Address, Client } from '#sdk/rpc/types.ts'
import type { Connection, Mechanism } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import type { Channels } from './channels.ts'
import type { ManagerRequest } from './request.ts'
import type { TunnelBook } from './tunnel-numbers.ts'

/** Who is asked for a connection next: an endpoint of this node, or the manager of another. */
export interface Hop {
  readonly kind: 'endpoint' | 'manager'
  readonly service: Client<typeof NetworkService>
  /** The mechanisms to offer, best first. Throws ENDPOINT_REFUSED when there is none. */
  readonly offer: (input: ManagerRequest) => readonly Mechanism[]
  /** The mechanism of the other end, from the answer. Throws ENDPOINT_REFUSED or VNI_IN_USE when it cannot be used. */
  readonly mechanismOf: (answer: Connection, input: ManagerRequest) => Mechanism
}

/** What is needed to reach the next hop. */
export interface HopOptions {
  readonly node: string
  readonly channels: Channels
  readonly book: TunnelBook
  /** A mechanism type that goes before all others where both nodes have it; empty for none. */
  readonly preferredMechanism: string
  /** Where the pod of a workspace serves. */
  readonly clientSocket: (workspace: string) => Address
}
