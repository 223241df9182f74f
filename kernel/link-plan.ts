/** What a pair of pods should have, as plain data: `forwarder/plan.ts` writes it, `kernel/apply.ts` makes it true. */
import type { SecretKey } from './secret-key.ts'

/** A network namespace; the same shape as `NetnsRef` of sdk/wire/mechanism.ts, declared here because kernel imports nothing of ours. */
export interface NetnsName {
  /** SO_NETNS_COOKIE: unique until the machine restarts. */
  readonly cookie: bigint
  /** Inode of /proc/PID/ns/net: reused by the kernel, so a hint only. */
  readonly inode?: bigint
  /** A process in the namespace: where to look first. */
  readonly pidHint?: number
}

/** A route of one end. */
export interface RoutePlan {
  /** CIDR. */
  readonly prefix: string
  /** Next hop; without one the route has link scope. */
  readonly via?: string
  /** Preferred source address, without prefix length. */
  readonly source?: string
}

/** First and last port, both included, 1 to 65534: a rule of Linux takes no other (fib_rule_port_range_valid in net/core/fib_rules.c). */
export interface PortRange {
  readonly first: number
  readonly last: number
}

/**
 * Routes that hold for some packets of one end: a routing table of their own, and a rule that selects the packets for
 * each address family that the routes have. What is absent from the selector matches everything.
 */
export interface PolicyPlan {
  /** Source, a CIDR. */
  readonly from?: string
  /** IPPROTO_*, 1 to 255. */
  readonly protocol?: number
  readonly sourcePorts?: PortRange
  readonly destinationPorts?: PortRange
  /** Never empty. */
  readonly routes: readonly RoutePlan[]
}

/** A permanent neighbour entry of one end. */
export interface NeighbourPlan {
  readonly address: string
  readonly mac: string
}

/** What a WireGuard device has. */
export interface WireguardPlan {
  readonly key: SecretKey
  /** UDP port of this node, which no other device has. */
  readonly port: number
  readonly peer: {
    /** Base64 of 32 bytes. */
    readonly publicKey: string
    readonly address: string
    /** UDP port of the other node. */
    readonly port: number
  }
}

/** One end of a link, inside one namespace. */
export interface EndPlan {
  readonly netns: NetnsName
  /** Interface name in the pod, 1 to 15 bytes. */
  readonly name: string
  /** IFLA_IFALIAS, `nsm:<cross connect id>:src` or `:dst`: the kernel is the forwarder's only state. */
  readonly alias: string
  /** CIDRs. */
  readonly addresses: readonly string[]
  readonly routes: readonly RoutePlan[]
  readonly neighbours: readonly NeighbourPlan[]
  readonly policies: readonly PolicyPlan[]
  /** Bytes; absent leaves the kernel's default. */
  readonly mtu?: number
  /** Colon-separated; absent leaves what the kernel chose, stable over refreshes. */
  readonly mac?: string
  /** Only of a WireGuard device. */
  readonly wireguard?: WireguardPlan
  /** Index of the bridge that the end is a port of; only in the node's own namespace. */
  readonly master?: number
}

/** A tunnel between two nodes: one VXLAN device for each link (RFC 7348). */
export interface VxlanTunnel {
  /** 1 to 2^24 - 1; a node takes each once for a port. */
  readonly vni: number
  /** Address of this node, canonical. */
  readonly local: string
  /** Address of the other node, canonical, of the same family. */
  readonly remote: string
  /** UDP port of both nodes. */
  readonly port: number
}

/** Both pods are on this node: an end in each, nothing in between. */
export interface VethPlan {
  /** Id of the cross connect. */
  readonly id: string
  readonly kind: 'veth'
  readonly ends: readonly [EndPlan, EndPlan]
}

/** The other pod is on another node: a device of ours in the one pod, its packets in the namespace of the node. */
export interface VxlanPlan {
  /** Id of the cross connect. */
  readonly id: string
  readonly kind: 'vxlan'
  readonly ends: readonly [EndPlan]
  readonly tunnel: VxlanTunnel
}

/** A tunnel between two nodes that encrypts packets (https://www.wireguard.com/protocol). */
export interface WireguardTunnel {
  /** Address of this node, canonical. */
  readonly local: string
  /** UDP port of this node, which no other device has. */
  readonly port: number
  /** Address of the other node, canonical, of the same family. */
  readonly remote: string
  /** UDP port of the other node. */
  readonly remotePort: number
  readonly key: SecretKey
  /** Of the other node: base64 of 32 bytes. */
  readonly peerKey: string
}

/** The other pod is on another node: as a `VxlanPlan`, but encrypted, and of packets only. */
export interface WireguardLinkPlan {
  /** Id of the cross connect. */
  readonly id: string
  readonly kind: 'wireguard'
  readonly ends: readonly [EndPlan]
  readonly tunnel: WireguardTunnel
}

/** A pod on a bridge of the node that somebody else made and owns: a veth pair, one end in the pod, one a port. */
export interface BridgePlan {
  /** Id of the cross connect. */
  readonly id: string
  readonly kind: 'bridge'
  readonly ends: readonly [EndPlan]
  /** Interface name of the bridge. */
  readonly bridge: string
}

/** A device that a program in the pod reads and writes: packets of a `tun`, frames of a `tap`. */
export interface TunPlan {
  /** Id of the cross connect. */
  readonly id: string
  readonly kind: 'tun' | 'tap'
  readonly ends: readonly [EndPlan]
}

/** What a cross connect means on this node. */
export type LinkPlan = VethPlan | VxlanPlan | WireguardLinkPlan | BridgePlan | TunPlan
