import type { VxlanTunnel } from '#kernel/link-plan.ts'
import { type Link, type LinkBirth, type LinkChange, type LinkStats, ourGroup } from '#kernel/port.ts'
import { type Attributes, attribute, decodeAttributes, nested } from './attribute.ts'
import { atLeast, i32, mac, readMac, readText, readU8, readU32, text, u8, u32, zeroed } from './value.ts'
import { decodeTunnel, encodeTunnel } from './vxlan.ts'

const headerLength = 16
const ifla = {
  address: 1,
  name: 3,
  mtu: 4,
  link: 5,
  master: 10,
  linkinfo: 18,
  alias: 20,
  afSpec: 26,
  stats64: 23,
  group: 27,
  netnsFd: 28,
  extMask: 29,
  txQueues: 31,
  rxQueues: 32,
} as const
const info = { kind: 1, data: 2 } as const
/** IFLA_INET6_ADDR_GEN_MODE of AF_INET6: IN6_ADDR_GEN_MODE_NONE (linux/if_link.h). */
const noLinkLocal = nested(ifla.afSpec, nested(10, attribute(8, u8(1))))
const IFLA_TUN_TYPE = 3
const IFF_TAP = 2
const VETH_INFO_PEER = 1
const RTEXT_FILTER_SKIP_STATS = 8
const IFF_UP = 0x1
const IFF_LOWER_UP = 0x10000

/**
 * The fixed part of a link message.
 *
 * struct ifinfomsg: family u8 @0, type u16 @2, index i32 @4, flags u32 @8, change u32 @12 (mask of `flags`).
 */
function header(index: number, flags = 0, change = 0): Buffer {
  const bytes = zeroed(headerLength)
  bytes.writeInt32LE(index, 4)
  bytes.writeUInt32LE(flags, 8)
  bytes.writeUInt32LE(change, 12)
  return bytes
}

/** Asks for all links, with or without their counters, which are most of the answer. */
export function encodeLinkDump(stats: 'with stats' | 'without stats'): Buffer {
  const filter = stats === 'with stats' ? [] : [attribute(ifla.extMask, u32(RTEXT_FILTER_SKIP_STATS))]
  return Buffer.concat([header(0), ...filter])
}

/** Asks for one link. */
export function encodeLinkQuery(name: string): Buffer {
  const filter = attribute(ifla.extMask, u32(RTEXT_FILTER_SKIP_STATS))
  return Buffer.concat([header(0), attribute(ifla.name, text(name)), filter])
}

/** Puts a link into a group, or means all links of a group when the index is 0. */
export function encodeLinkGroup(index: number, group: number): Buffer {
  return Buffer.concat([header(index), attribute(ifla.group, u32(group))])
}

/** A veth pair: one end where the message is sent, the other in the namespace of an open descriptor. */
export function encodeVeth(end: LinkBirth, peer: LinkBirth & { readonly netnsFd: number }): Buffer {
  const peerMessage = Buffer.concat([
    header(0),
    ...endAttributes(peer),
    ...oneQueue,
    attribute(ifla.netnsFd, i32(peer.netnsFd)),
  ])
  const data = nested(info.data, attribute(VETH_INFO_PEER, peerMessage))
  const linkinfo = nested(ifla.linkinfo, attribute(info.kind, text('veth')), data)
  return Buffer.concat([header(0), ...endAttributes(end), ...oneQueue, linkinfo])
}

/** A VXLAN device in the namespace of an open descriptor, whose packets travel where the message is sent. */
export function encodeVxlan(end: LinkBirth & { readonly netnsFd: number }, tunnel: VxlanTunnel): Buffer {
  const data = nested(info.data, encodeTunnel(tunnel))
  const linkinfo = nested(ifla.linkinfo, attribute(info.kind, text('vxlan')), data)
  return Buffer.concat([
    header(0),
    ...endAttributes(end),
    attribute(ifla.netnsFd, i32(end.netnsFd)),
    linkinfo,
  ])
}

/** A device in the namespace of an open descriptor, whose packets travel where the message is sent. */
export function encodeWireguardLink(end: LinkBirth & { readonly netnsFd: number }): Buffer {
  const linkinfo = nested(ifla.linkinfo, attribute(info.kind, text('wireguard')))
  const place = attribute(ifla.netnsFd, i32(end.netnsFd))
  return Buffer.concat([header(0), ...endAttributes(end), place, linkinfo])
}

/** A link of a kind that the kernel refuses for its size, whatever the kind, after it looked for the kind. */
export function encodeProbe(kind: string): Buffer {
  const linkinfo = nested(ifla.linkinfo, attribute(info.kind, text(kind)))
  return Buffer.concat([header(0), attribute(ifla.mtu, u32(0xffff_ffff)), linkinfo])
}

/** RTM_NEWLINK of a bridge without ports. */
export function encodeBridge(name: string): Buffer {
  const linkinfo = nested(ifla.linkinfo, attribute(info.kind, text('bridge')))
  return Buffer.concat([header(0), attribute(ifla.name, text(name)), linkinfo])
}

/** RTM_SETLINK: what is absent from the change stays. */
export function encodeLinkChange(index: number, change: LinkChange): Buffer {
  const head =
    change.admin === undefined ? header(index) : header(index, change.admin === 'up' ? IFF_UP : 0, IFF_UP)
  return Buffer.concat([
    head,
    ...optional(ifla.address, change.mac, mac),
    ...optional(ifla.mtu, change.mtu, u32),
    ...optional(ifla.name, change.name, text),
    ...optional(ifla.alias, change.alias, text),
    ...optional(ifla.master, change.master, u32),
    ...(change.linkLocal === 'none' ? [noLinkLocal] : []),
  ])
}

/** A message about one interface that names nothing else, such as RTM_DELLINK. */
export function encodeLinkIndex(index: number): Buffer {
  return header(index)
}

/** Decodes the body of RTM_NEWLINK or RTM_DELLINK. Throws KernelError EBADMSG. */
export function decodeLink(body: Buffer): Link {
  const flags = atLeast(body, headerLength).readUInt32LE(8)
  const attributes = decodeAttributes(body.subarray(headerLength), decoded)
  const { kind, data } = infoOf(attributes)
  const peer = kind === 'veth' ? attributes.get(ifla.link) : undefined
  const stats = attributes.get(ifla.stats64)
  return {
    index: body.readInt32LE(4),
    name: readText(attributes.get(ifla.name) ?? empty),
    alias: readText(attributes.get(ifla.alias) ?? empty),
    kind: kind === 'tun' && isTap(data) ? 'tap' : kind,
    mac: readMac(attributes.get(ifla.address) ?? empty),
    mtu: readU32(attributes.get(ifla.mtu) ?? zero),
    group: readU32(attributes.get(ifla.group) ?? zero),
    master: readU32(attributes.get(ifla.master) ?? zero),
    admin: (flags & IFF_UP) === 0 ? 'down' : 'up',
    carrier: (flags & IFF_LOWER_UP) === 0 ? 'no' : 'yes',
    ...(peer === undefined ? {} : { peer: readU32(peer) }),
    ...(kind === 'vxlan' && data !== undefined ? decodeTunnel(data) : {}),
    ...(stats === undefined ? {} : { stats: decodeStats(stats) }),
  }
}

/** struct rtnl_link_stats64: rx_packets, tx_packets, rx_bytes, tx_bytes, rx_errors, tx_errors, rx_dropped, tx_dropped, each u64, … */
function decodeStats(bytes: Buffer): LinkStats {
  const at = (field: number) => atLeast(bytes, 64).readBigUInt64LE(field * 8)
  return {
    rxPackets: at(0),
    txPackets: at(1),
    rxBytes: at(2),
    txBytes: at(3),
    rxErrors: at(4),
    txErrors: at(5),
    rxDropped: at(6),
    txDropped: at(7),
  }
}

function infoOf(attributes: Attributes): { readonly kind: string; readonly data: Buffer | undefined } {
  const linkinfo = attributes.get(ifla.linkinfo)
  if (linkinfo === undefined) return { kind: '', data: undefined }
  const parts = decodeAttributes(linkinfo)
  return { kind: readText(parts.get(info.kind) ?? empty), data: parts.get(info.data) }
}

function isTap(data: Buffer | undefined): boolean {
  const type = data === undefined ? undefined : decodeAttributes(data).get(IFLA_TUN_TYPE)
  return type !== undefined && readU8(type) === IFF_TAP
}

function endAttributes(end: LinkBirth): readonly Buffer[] {
  return [
    attribute(ifla.name, text(end.name)),
    attribute(ifla.group, u32(ourGroup)),
    ...optional(ifla.mtu, end.mtu, u32),
    ...optional(ifla.address, end.mac, mac),
  ]
}

function optional<T>(type: number, value: T | undefined, encode: (value: T) => Buffer): readonly Buffer[] {
  return value === undefined ? [] : [attribute(type, encode(value))]
}

/**
 * A veth pair has no use for more: it has no hardware, no queueing discipline and no lock to be divided. By default the
 * kernel makes one for each processor that the machine may ever have (Linux 5.16), each with files in sysfs and two
 * events, which is a third of the cost of a pair on two processors and most of it on sixty.
 */
const oneQueue = [attribute(ifla.txQueues, u32(1)), attribute(ifla.rxQueues, u32(1))]

/** What `decodeLink` looks at, of sixty and more attributes that a link has. */
const decoded: ReadonlySet<number> = new Set([
  ifla.address,
  ifla.name,
  ifla.mtu,
  ifla.link,
  ifla.master,
  ifla.linkinfo,
  ifla.alias,
  ifla.stats64,
  ifla.group,
])

const empty = Buffer.alloc(0)
const zero = Buffer.alloc(4)
