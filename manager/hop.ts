import type { EndpointRecord } from '#registry/registry.ts'
import { localEndpoint } from './local-endpoint.ts'
import type { Hop, HopOptions } from './next-hop.ts'
import { remoteManager } from './remote-manager.ts'

/** The next hop towards an endpoint. */
export function hopTo(record: EndpointRecord, options: HopOptions): Hop {
  return record.node === options.node ? localEndpoint(record, options) : remoteManager(record, options)
}
