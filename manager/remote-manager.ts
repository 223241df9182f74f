import type { EndpointRecord } from '#registry/registry.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import type { Hop, HopOptions } from './next-hop.ts'
import { chosen } from './request.ts'

/** The manager of the node that an endpoint lives on: it attaches the endpoint and answers for it. */
export function remoteManager({ endpoint, node }: EndpointRecord, { channels }: HopOptions): Hop {
  const where = `endpoint ${endpoint.name} on node ${node}`
  const address = tcpAddress(endpoint.url)
  if (address === undefined)
    throw new NsmError(
      'ENDPOINT_REFUSED',
      `${where} cannot be reached: its manager has registered no address; give that manager NSMD_API_ADDRESS`,
    )
  return {
    kind: 'manager',
    service: channels.get(address).client(NetworkService),
    offer: input => {
      const { name, remote } = chosen(input.forwarder, 'forwarder')
      if (remote.length > 0) return remote
      throw new NsmError(
        'ENDPOINT_REFUSED',
        `${where} cannot be reached: forwarder ${name} offers no mechanism between nodes`,
      )
    },
    mechanismOf: ({ mechanism }, input) => {
      const { name, remote } = chosen(input.forwarder, 'forwarder')
      if (mechanism !== undefined && remote.some(({ type }) => type === mechanism.type)) return mechanism
      throw new NsmError(
        'ENDPOINT_REFUSED',
        `${where}: its manager answered with the mechanism ${mechanism?.type ?? 'none'}, which forwarder ${name} does not offer`,
      )
    },
  }
}

function tcpAddress(url: string): Address | undefined {
  return url.startsWith('tcp://') ? `tcp://${url.slice('tcp://'.length)}` : undefined
}
