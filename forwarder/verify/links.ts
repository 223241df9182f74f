import { create, type MessageInitShape } from '@bufbuild/protobuf'
import type { NetnsName } from '#kernel/link-plan.ts'
import type { ConnectionSchema } from '#sdk/wire/gen/connection/connection_pb.ts'
import { type CrossConnect, CrossConnectSchema } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { mechanismClass, mechanismType, netnsParameters, parameter } from '#sdk/wire/mechanism.ts'
import type { Claims } from './ground.ts'

/** What a cross connect of the checks joins a client's pod to. */
export type Kind = 'pair' | 'network'

/** A cross connect as a manager asks for it. */
export interface Wish {
  readonly id: string
  readonly kind: Kind
  readonly client: NetnsName
  /** Of a pair. */
  readonly endpoint: NetnsName
  /** Name of the client's interface; the endpoint's gets an `e` behind it. */
  readonly name: string
  /** Third byte of the addresses of a pair; an external network's come from the forwarder. */
  readonly net: number
}

/** The message for a wish. The addresses of a pair are 10.201.NET.1/30 and 10.201.NET.2/30. */
export function crossConnectOf(wish: Wish, { networks }: Claims): CrossConnect {
  const { id, kind, client, endpoint, name, net } = wish
  const source = endOf(`${id}-client`, kernelAt(client, name), contextOf(kind, net))
  const far =
    kind === 'pair'
      ? kernelAt(endpoint, `${name}e`)
      : {
          cls: mechanismClass.local,
          type: mechanismType.external,
          parameters: { network: networks[0] ?? '' },
        }
  const destination = endOf(`${id}-endpoint`, far, contextOf(kind, net))
  return create(CrossConnectSchema, { id, payload: 'IP', source, destination })
}

type End = MessageInitShape<typeof ConnectionSchema>

function endOf(
  id: string,
  mechanism: NonNullable<End['mechanism']>,
  context: NonNullable<End['context']>,
): End {
  return { id, networkService: 'nsm-verify', mechanism, context }
}

function kernelAt(netns: NetnsName, name: string): NonNullable<End['mechanism']> {
  const parameters = { ...netnsParameters(netns), [parameter.name]: name }
  return { cls: mechanismClass.local, type: mechanismType.kernel, parameters }
}

function contextOf(kind: Kind, net: number): NonNullable<End['context']> {
  if (kind === 'network') return { ipContext: { srcIpRequired: true } }
  return { ipContext: { srcIpAddrs: [`10.201.${net}.1/30`], dstIpAddrs: [`10.201.${net}.2/30`] } }
}
