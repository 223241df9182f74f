import { create } from '@bufbuild/protobuf'
import { type MechanismUpdate, MechanismUpdateSchema } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import { mechanismClass, mechanismType, parameter } from '#sdk/wire/mechanism.ts'

/** How this node can be reached by tunnels of one type. */
export type TunnelOffer = {
  /** Address of this node, canonical. */
  readonly address: string
  /** Bytes that a tunnel carries in one piece. */
  readonly mtu: number
} & (
  | {
      readonly type: 'VXLAN'
      /** UDP port. */
      readonly port: number
    }
  | {
      /** The manager gives each connection a port of its own. */
      readonly type: 'WIREGUARD'
      readonly publicKey: string
    }
)

/**
 * What this forwarder offers: kernel interfaces on this node, by v1's name and by v0.2's, and tunnels to other nodes where
 * they have a way here.
 */
export function mechanismsOf(...tunnels: readonly TunnelOffer[]): MechanismUpdate {
  return create(MechanismUpdateSchema, {
    localMechanisms: [
      { cls: mechanismClass.local, type: mechanismType.kernel },
      { cls: mechanismClass.local, type: mechanismType.kernelV0 },
    ],
    remoteMechanisms: tunnels.map(remoteOf),
  })
}

function remoteOf(offer: TunnelOffer) {
  const own = offer.type === 'VXLAN' ? vxlanParameters(offer.port) : wireguardParameters(offer.publicKey)
  const parameters = {
    [parameter.srcIp]: offer.address,
    [parameter.mtu]: offer.mtu.toString(),
    ...own,
  }
  return { cls: mechanismClass.remote, type: offer.type, parameters }
}

function vxlanParameters(port: number): Record<string, string> {
  return { [parameter.srcPort]: port.toString() }
}

function wireguardParameters(publicKey: string): Record<string, string> {
  return { [parameter.srcPublicKey]: publicKey }
}
