/** The port between what we want (`apply.ts`) and who does it: `netlink.ts` for the real kernel, `fake.ts` for tests. */
import type { NetnsName, PortRange, VxlanTunnel, WireguardPlan } from './link-plan.ts'
import type { Probe } from './probe.ts'
import type { TunBirth } from './tun.ts'

/** Network namespaces and what happens in them. */
export interface Kernel extends Disposable {
  /**
   * Opens a namespace for work; it stays alive until disposal, so dispose of it soon.
   * Throws KernelError ENOENT when it is gone, EPERM when it is the node's own.
   */
  open(netns: NetnsName): Namespace
  /** Opens the namespace of this process. */
  openOwn(): Namespace
  /** Makes the events of a namespace appear in `events`, from now until it dies, over restarts of this process. */
  follow(namespace: Namespace): void
  /**
   * The living namespaces that were followed, by this process or an earlier one in the same namespace. Who asks for
   * the next one disposes of it. Throws KernelError.
   */
  followed(): Iterable<Namespace>
  /** What happens in the followed namespaces, until the signal aborts. Throws KernelError EPERM without NET_BROADCAST. */
  events(signal: AbortSignal): AsyncIterable<KernelEvent>
  /** Which neighbours in the followed namespaces answered, until the signal aborts. Throws as `events`. */
  answers(signal: AbortSignal): AsyncIterable<Answer>
}

/** An open network namespace: nouns with verbs. All verbs but `link.remove` are done when they return. */
export interface Namespace extends Disposable {
  readonly netns: NetnsName
  readonly link: LinkVerbs
  readonly addr: AddressVerbs
  readonly route: RouteVerbs
  readonly neigh: NeighbourVerbs
  readonly rule: RuleVerbs
}

/** What can be done with interfaces (ip-link(8)). */
export interface LinkVerbs {
  /** Equivalent to: `ip -s link show` */
  list(): readonly Link[]
  /** By interface name; undefined when there is none. Equivalent to: `ip link show dev NAME` */
  get(name: string): Link | undefined
  /** By alias; undefined when there is none. */
  tagged(alias: string): Link | undefined
  /** Both ends, each straight into its namespace, both down and in `ourGroup`; their indexes. Throws EEXIST when a name is taken. Equivalent to: `ip link add NAME group GROUP type veth peer name NAME group GROUP netns NETNS` */
  createVeth(end: LinkBirth, peer: LinkBirth & { readonly namespace: Namespace }): readonly [number, number]
  /**
   * A device whose packets travel in this namespace, straight into another, down and in `ourGroup`. Throws EEXIST when
   * the name is taken there, EADDRINUSE when a device of this namespace has the VNI on the port.
   *
   * Equivalent to: `ip link add NAME netns NETNS group GROUP type vxlan id VNI local LOCAL remote REMOTE dstport PORT nolearning ttl 64 df set`
   */
  createVxlan(end: LinkBirth & { readonly namespace: Namespace }, tunnel: VxlanTunnel): void
  /**
   * A device that a program reads and writes, down, with an alias from the start: one without would have no mark of
   * ours. Throws EEXIST when the name is taken, EOPNOTSUPP without /dev/net/tun.
   *
   * Equivalent to: `ip tuntap add dev NAME mode KIND`
   */
  createTun(birth: TunBirth, alias: string): void
  /** As `createVxlan`, a WireGuard device without key and peer. Equivalent to: `ip link add NAME netns NETNS group GROUP type wireguard` */
  createWireguard(end: LinkBirth & { readonly namespace: Namespace }): void
  /** What a WireGuard device has; undefined when it lacks a key or has not exactly one peer. Equivalent to: `wg showconf DEVICE` */
  getWireguard(index: number): WireguardPlan | undefined
  /** Gives a WireGuard device key, port and its one peer, to whom all addresses belong. Equivalent to: `wg setconf DEVICE FILE` */
  setWireguard(index: number, wireguard: WireguardPlan): void
  /** Whether the kernel can make interfaces of a kind; makes none, but may load a module. */
  supports(kind: 'vxlan' | 'wireguard'): 'yes' | 'no'
  /** Throws EEXIST when the name is taken. Equivalent to: `ip link add NAME type bridge` */
  createBridge(name: string): void
  /** Equivalent to: `ip link set dev INDEX [name NAME] [alias ALIAS] [mtu MTU] [address MAC] [master INDEX] [up|down]` */
  set(index: number, change: LinkChange): void
  /**
   * Lets no router advertisement of the other pod change this one's addresses and routes; `no` when IPv6 is off or
   * /proc/sys is read-only. Equivalent to: `sysctl net.ipv6.conf.NAME.accept_ra=0`
   */
  refuseAdvertisements(name: string): 'yes' | 'no'
  /** Both ends of a veth pair; gone is success. Waits for the kernel (about 20 ms), not on the event loop. Equivalent to: `ip link del dev INDEX` */
  remove(index: number): Promise<void>
}

/** What can be done with addresses of interfaces (ip-address(8)). */
export interface AddressVerbs {
  /** Equivalent to: `ip address show dev INDEX` */
  list(index: number): readonly Address[]
  /** Of all interfaces. Equivalent to: `ip address show` */
  listAll(): readonly (Address & { readonly index: number })[]
  /** Present is success. Turns IPv6 on for the interface when it is off and an IPv6 address is wanted. Equivalent to: `ip address add CIDR dev INDEX nodad` */
  add(index: number, cidr: string): void
  /** Gone is success. Equivalent to: `ip address del CIDR dev INDEX` */
  remove(index: number, cidr: string): void
}

/** What can be done with routes (ip-route(8)). */
export interface RouteVerbs {
  /** Of all tables but `local`. Equivalent to: `ip route show dev INDEX table all` and `ip -6 …` */
  list(index: number): readonly Route[]
  /**
   * Present is success. Where another link of ours has the prefix in the same table, the new route stands by until
   * that one goes. Throws EEXIST when somebody else's route has it, or this link routes it otherwise. Equivalent to:
   * `ip route add PREFIX [via ADDRESS onlink] dev INDEX [src ADDRESS] [table TABLE]`
   */
  add(index: number, route: RouteValue): void
  /** Gone is success. Equivalent to: `ip route del PREFIX dev INDEX [table TABLE]` */
  remove(index: number, route: RouteValue): void
  /**
   * The way that packets to an address go, from another one of this namespace or from what the kernel would take.
   * Throws ENETUNREACH when there is none, EINVAL for an IPv4 source that is not of this namespace.
   *
   * Equivalent to: `ip route get TO [from FROM]`
   */
  lookup(to: string, from?: string): Path
  /** Whose routes are in which tables, of all links. Equivalent to: `ip route show table all` */
  uses(): readonly TableUse[]
}

/** What can be done with permanent neighbour entries (ip-neighbour(8)). */
export interface NeighbourVerbs {
  /** The permanent ones. Equivalent to: `ip neighbour show dev INDEX nud permanent` */
  list(index: number): readonly NeighbourEntry[]
  /** Replaces an entry of the address. Equivalent to: `ip neighbour replace ADDRESS lladdr MAC dev INDEX nud permanent` */
  add(index: number, neighbour: Neighbour): void
  /** Gone is success. Equivalent to: `ip neighbour del ADDRESS dev INDEX` */
  remove(index: number, neighbour: Neighbour): void
  /**
   * Asks a neighbour for a sign of life, which `Kernel.answers` tells of; `fixed` when its entry needs none, because it
   * is permanent or the link has no ARP. Equivalent to: `ip neighbour change ADDRESS dev INDEX nud probe`
   */
  probe(index: number, address: string): Probe
}

/** Rules of both families; they belong to the namespace and to no link, so nothing but `remove` ends them. */
export interface RuleVerbs {
  /** All, whoever made them. Equivalent to: `ip rule show` and `ip -6 rule show` */
  list(): readonly Rule[]
  /** Present is success. Equivalent to: `ip rule add [from CIDR] [ipproto N] [sport N-M] [dport N-M] lookup TABLE priority N suppress_ifgroup OWNER protocol 78` */
  add(rule: RuleValue): void
  /** Gone is success. Equivalent to: `ip rule del …`, as it was added */
  remove(rule: RuleValue): void
}

/** An interface as the kernel tells of it. */
export interface Link {
  readonly index: number
  readonly name: string
  /** IFLA_IFALIAS; empty when it has none. */
  readonly alias: string
  /** IFLA_INFO_KIND such as `veth`, but `tap` for what the kernel calls a tun of frames; empty for a physical interface or loopback. */
  readonly kind: string
  /** Colon-separated; empty when it has none. */
  readonly mac: string
  /** Bytes. */
  readonly mtu: number
  /** IFLA_GROUP; `ourGroup` for what we made. */
  readonly group: number
  readonly admin: 'up' | 'down'
  /** Whether frames can pass: up, and so is the other end. */
  readonly carrier: 'yes' | 'no'
  /** Index of the other end of a veth pair, in its own namespace. */
  readonly peer?: number
  /** Index of the bridge that it is a port of; 0 for none. */
  readonly master: number
  /** Of a VXLAN device between two addresses. */
  readonly tunnel?: VxlanTunnel
  /** UDP port of a VXLAN device, whatever it leads to. */
  readonly vxlanPort?: number
  /** Absent from `tagged`. */
  readonly stats?: LinkStats
}

/** IFLA_GROUP of the interfaces that we make: `nsm` in ASCII. */
export const ourGroup = 0x6e736d

/** IFLA_STATS64, counted since the interface was made. */
export interface LinkStats {
  readonly rxPackets: bigint
  readonly txPackets: bigint
  readonly rxBytes: bigint
  readonly txBytes: bigint
  readonly rxErrors: bigint
  readonly txErrors: bigint
  readonly rxDropped: bigint
  readonly txDropped: bigint
}

/** How an interface is born; what is absent, the kernel chooses. */
export interface LinkBirth {
  readonly name: string
  readonly mtu?: number
  readonly mac?: string
}

/** What `link.set` changes; what is absent stays. */
export interface LinkChange {
  readonly name?: string
  readonly alias?: string
  readonly mtu?: number
  readonly mac?: string
  readonly admin?: 'up' | 'down'
  /** Index of a bridge to become a port of; 0 to be one no more. */
  readonly master?: number
  /**
   * Whether IPv6 gives it a link-local address by itself when it comes up; a kernel without IPv6 never does. `auto` turns
   * nothing but `none` into that, and gives the address at once. Equivalent to: `ip link set dev INDEX addrgenmode none`
   */
  readonly linkLocal?: 'none' | 'auto'
}

/** Who put an address or a route there: we (told by its protocol number), the kernel by itself, or somebody else. */
export type Origin = 'ours' | 'kernel' | 'foreign'

/** An address of an interface. */
export interface Address {
  /** CIDR in canonical form. */
  readonly cidr: string
  readonly origin: Origin
}

/** A route by an interface that is known from elsewhere. */
export interface RouteValue {
  /** CIDR. */
  readonly prefix: string
  /** Next hop; without one the route has link scope. */
  readonly via?: string
  /** Preferred source address. */
  readonly source?: string
  /** Number of the routing table; absent is the main one. */
  readonly table?: number
}

/** The way to an address. */
export interface Path {
  /** Of the interface that packets leave by. */
  readonly index: number
  /** Address that they leave with, when nothing else is asked for. */
  readonly source?: string
  /** Bytes that a packet may have: those of the interface, of the route, or what the kernel learned of the way. */
  readonly mtu: number
}

/** A route as the kernel tells of it. */
export interface Route extends RouteValue {
  readonly origin: Origin
}

/** That a routing table has a route by a link. */
export interface TableUse {
  readonly table: number
  /** Index of the link; absent when the route leaves by none, or by several. */
  readonly index?: number
  readonly origin: Origin
}

/** Sends some packets of one family to a routing table; what is absent matches everything. */
export interface RuleValue {
  readonly family: 'ipv4' | 'ipv6'
  /** CIDR. */
  readonly from?: string
  /** IPPROTO_* */
  readonly protocol?: number
  readonly sourcePorts?: PortRange
  readonly destinationPorts?: PortRange
  readonly table: number
  /** The lower, the earlier it is asked. */
  readonly priority: number
  /** Whose it is, by `ownerOf` an alias. */
  readonly owner: number
}

/** A rule as the kernel tells of it; `owner` is 0 unless it is ours. */
export interface Rule extends RuleValue {
  readonly origin: Origin
}

/** Which MAC an address has. */
export interface Neighbour {
  readonly address: string
  readonly mac: string
}

/** A permanent neighbour entry as the kernel tells of it. */
export interface NeighbourEntry extends Neighbour {
  readonly origin: Origin
}

/** A neighbour that answered; `netns` is the cookie. After `resync` answers were lost. */
export type Answer =
  | {
      readonly type: 'answered'
      readonly netns: bigint
      readonly index: number
      readonly address: string
    }
  | { readonly type: 'resync' }

/** `netns` is the cookie. After `resync` events were lost: look at everything again. */
export type KernelEvent =
  | { readonly type: 'link.changed'; readonly netns: bigint; readonly link: Link }
  | { readonly type: 'link.gone'; readonly netns: bigint; readonly link: Link }
  | { readonly type: 'netns.gone'; readonly netns: bigint }
  | { readonly type: 'resync' }
