import type { EndpointRecord } from '#registry/registry.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Address } from '#sdk/rpc/types.ts'
import type { Connection, Mechanism } from '#sdk/wire/gen/connection/connection_pb.ts'
import { NetworkService } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { mechanismType, parameter } from '#sdk/wire/mechanism.ts'
import type { Hop, HopOptions } from './next-hop.ts'
import { chosen, type ManagerRequest } from './request.ts'
import { carriersOf, changedBy, offerable, withNumbers } from './tunnel-mechanism.ts'
import { vniIn } from './tunnel-numbers.ts'

/** The manager of the node that an endpoint lives on: it attaches the endpoint and answers for it. */
export function remoteManager({ endpoint, node }: EndpointRecord, options: HopOptions): Hop {
  const where = `endpoint ${endpoint.name} on node ${node}`
  const address = addressOf(endpoint.url)
  if (address === undefined)
    throw new NsmError(
      'ENDPOINT_REFUSED',
      `${where} cannot be reached: its manager has registered no address; give that manager NSMD_API_ADDRESS`,
    )
  return {
    kind: 'manager',
    service: options.channels.remote(address, node).client(NetworkService),
    offer: input => {
      const offers = offersOf(input, options)
      if (offers.length > 0) return offers
      throw new NsmError(
        'ENDPOINT_REFUSED',
        `${where} cannot be reached: forwarder ${input.forwarder?.name} offers no mechanism between nodes for the payload ${input.connection.payload || 'IP'}${advice(input)}`,
      )
    },
    mechanismOf: (answer, input) => checked(answer, input, { ...options, where }),
  }
}

/** WireGuard is there and could do it, if only it were asked for. */
function advice({ forwarder, connection: { payload } }: ManagerRequest): string {
  const left = carriersOf(forwarder?.remote ?? [], payload).some(
    ({ type }) => type === mechanismType.wireguard,
  )
  return left ? '; load the module vxlan, or set PREFERRED_REMOTE_MECHANISM=WIREGUARD' : ''
}

/** What our forwarder can reach other nodes by, with the numbers that we propose. */
function offersOf(
  { forwarder, connection, numbers }: ManagerRequest,
  { preferredMechanism }: HopOptions,
): readonly Mechanism[] {
  const { remote } = chosen(forwarder, 'forwarder')
  const offers = offerable(carriersOf(remote, connection.payload), preferredMechanism)
  return offers.map(offer => withNumbers(offer, chosen(numbers, 'numbers of the tunnel'), parameter.srcPort))
}

/** The tunnel that was answered. VNI_IN_USE when its identifier is taken here, ENDPOINT_REFUSED when it is not ours. */
function checked(
  { mechanism }: Connection,
  input: ManagerRequest,
  options: HopOptions & { readonly where: string },
): Mechanism {
  const { where, node, book } = options
  const offered = offersOf(input, options).find(({ type }) => type === mechanism?.type)
  if (mechanism === undefined || offered === undefined)
    throw new NsmError(
      'ENDPOINT_REFUSED',
      `${where}: its manager answered with the mechanism ${mechanism?.type ?? 'none'}, which forwarder ${input.forwarder?.name} does not offer`,
    )
  const changed = changedBy(mechanism, offered)
  if (changed !== undefined)
    throw new NsmError(
      'ENDPOINT_REFUSED',
      `${where}: its manager answered with another ${changed} than this node has offered`,
    )
  if (mechanism.type !== mechanismType.vxlan) return mechanism
  const vni = vniIn(mechanism.parameters)
  if (vni === undefined)
    throw new NsmError('ENDPOINT_REFUSED', `${where}: its manager answered without a VXLAN identifier`)
  if (book.vnis.claim(input.id, vni) === 'claimed') return mechanism
  throw new NsmError(
    'VNI_IN_USE',
    `${where}: the VXLAN identifier ${vni} is free there, and in use on ${node}`,
  )
}

/** Where a manager serves others, in the words of the registry; undefined when it does not. */
export function addressOf(url: string): Address | undefined {
  return url.startsWith('tcp://') ? `tcp://${url.slice('tcp://'.length)}` : undefined
}
