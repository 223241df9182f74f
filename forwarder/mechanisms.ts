import { create } from '@bufbuild/protobuf'
import { type MechanismUpdate, MechanismUpdateSchema } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import { mechanismClass, mechanismType, parameter } from '#sdk/wire/mechanism.ts'

/** How this node can be reached by tunnels. */
export interface TunnelOffer {
  /** Address of this node, canonical. */
  readonly address: string
  /** UDP port of VXLAN. */
  readonly port: number
  /** Bytes that a tunnel carries in one piece. */
  readonly mtu: number
}

/**
 * What this forwarder offers: kernel interfaces on this node, by v1's name and by v0.2's, and VXLAN to other nodes where
 * they have a way here.
 */
export function mechanismsOf(tunnel?: TunnelOffer): MechanismUpdate {
  return create(MechanismUpdateSchema, {
    localMechanisms: [
      { cls: mechanismClass.local, type: mechanismType.kernel },
      { cls: mechanismClass.local, type: mechanismType.kernelV0 },
    ],
    remoteMechanisms: tunnel === undefined ? [] : [vxlanOf(tunnel)],
  })
}

function vxlanOf({ address, port, mtu }: TunnelOffer) {
  return {
    cls: mechanismClass.remote,
    type: mechanismType.vxlan,
    parameters: {
      [parameter.srcIp]: address,
      [parameter.srcPort]: port.toString(),
      [parameter.mtu]: mtu.toString(),
    },
  }
}
