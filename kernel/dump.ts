/** For tests: all that a network namespace holds, as text that is the same whenever the same was configured. */
import { readFileSync } from 'node:fs'
import { decodeAttributes } from './codec/attribute.ts'
import { decodeLink } from './codec/link.ts'
import type { RequestName } from './codec/rtnetlink.ts'
import { readU32 } from './codec/value.ts'
import { inNetns, type NetnsFile } from './netns.ts'
import { type NetlinkSocket, openSocketIn } from './socket.ts'

/**
 * Links, addresses, routes of all tables, rules and permanent neighbours, sorted. Left out is what differs between
 * equal configurations: indexes (names stand for them), random MACs, what the kernel derives from these, and what
 * ages. Decoded apart from the codecs of the verbs, so that their mistakes show.
 */
export function dumpNetns(netns: NetnsFile): readonly string[] {
  using socket = openSocketIn(netns)
  const links = ask(socket, 'RTM_GETLINK', Buffer.alloc(16)).map(decodeLink)
  const names = new Map(links.map(({ index, name }) => [index, name]))
  const linkLines = links.map(({ name, alias, kind, mac, mtu, group, admin }) => {
    const planned = mac.startsWith(plannedMacs) ? mac : 'any'
    const advertisements = inNetns(netns, () => acceptRa(name))
    return `link ${name} ${kind} "${alias}" ${planned} mtu ${mtu} group ${group} ${admin} accept_ra ${advertisements}`
  })
  const rest = [
    ...ask(socket, 'RTM_GETADDR', Buffer.alloc(8)).map(body => lineOf(address, body, names)),
    ...[AF_INET, AF_INET6].flatMap(family => [
      ...ask(socket, 'RTM_GETROUTE', headed(12, family)).map(body => lineOf(route, body, names)),
      ...ask(socket, 'RTM_GETRULE', headed(12, family)).map(body => lineOf(rule, body, names)),
    ]),
    ...ask(socket, 'RTM_GETNEIGH', Buffer.alloc(12))
      .filter(body => (body.readUInt16LE(8) & NUD_PERMANENT) !== 0)
      .map(body => lineOf(neighbour, body, names)),
  ]
  return [...linkLines, ...rest.flatMap(line => line ?? [])].toSorted()
}

/** How one kind of object is laid out and what of it is told. */
interface Layout {
  readonly word: string
  /** Bytes of the fixed header. */
  readonly header: number
  /** Of the header: what is configuration. */
  readonly told: (body: Buffer) => readonly number[]
  /** Index of the interface in the header. */
  readonly index?: number
  /** Attribute with the index of an interface. */
  readonly device?: number
  /** Attribute with the address: link-local and multicast ones are of the kernel. */
  readonly address?: number
  readonly leftOut: readonly number[]
}

/** struct ifaddrmsg: family u8 @0, prefixlen u8 @1, scope u8 @3, index u32 @4; IFA_CACHEINFO 6. */
const address: Layout = {
  word: 'addr',
  header: 8,
  told: body => [body.readUInt8(0), body.readUInt8(1), body.readUInt8(3)],
  index: 4,
  address: 1,
  leftOut: [6],
}

/** struct rtmsg: family @0, dst_len @1, src_len @2, tos @3, table @4, protocol @5, scope @6, type @7; RTA_DST 1, RTA_OIF 4, RTA_CACHEINFO 12. */
const route: Layout = {
  word: 'route',
  header: 12,
  told: body => [...body.subarray(0, 8)],
  device: 4,
  address: 1,
  leftOut: [12],
}

/** struct fib_rule_hdr: as rtmsg, with action @7. */
const rule: Layout = { word: 'rule', header: 12, told: body => [...body.subarray(0, 8)], leftOut: [] }

/** struct ndmsg: family u8 @0, ifindex i32 @4, state u16 @8, flags u8 @10; NDA_DST 1, NDA_CACHEINFO 3, NDA_PROBES 4. */
const neighbour: Layout = {
  word: 'neigh',
  header: 12,
  told: body => [body.readUInt8(0), body.readUInt16LE(8), body.readUInt8(10)],
  index: 4,
  address: 1,
  leftOut: [3, 4],
}

function lineOf(layout: Layout, body: Buffer, names: ReadonlyMap<number, string>): string | undefined {
  const attributes = decodeAttributes(body.subarray(layout.header))
  const subject = layout.address === undefined ? undefined : attributes.get(layout.address)
  if (subject?.length === 16 && (subject[0] === 0xff || (subject[0] === 0xfe && subject[1] === 0x80)))
    return undefined
  if (layout === route && body[0] === AF_INET6 && body[4] === RT_TABLE_LOCAL) return undefined
  const device = layout.device === undefined ? undefined : attributes.get(layout.device)
  const index = layout.index === undefined ? device && readU32(device) : body.readUInt32LE(layout.index)
  const words = [...attributes]
    .filter(([type]) => type !== layout.device && !layout.leftOut.includes(type))
    .map(([type, value]) => `${type}=${value.toString('hex')}`)
  const where = index === undefined ? '' : ` dev ${names.get(index) ?? index}`
  return `${layout.word} ${layout.told(body).join('.')}${where} ${words.join(' ')}`
}

function ask(socket: NetlinkSocket, name: RequestName, body: Buffer): readonly Buffer[] {
  return socket.dump({ name, body, doing: 'dumping a namespace' }).map(message => message.body)
}

function headed(length: number, family: number): Buffer {
  const bytes = Buffer.alloc(length)
  bytes.writeUInt8(family, 0)
  return bytes
}

function acceptRa(name: string): string {
  try {
    return readFileSync(`/proc/sys/net/ipv6/conf/${name}/accept_ra`, 'utf8').trim()
  } catch {
    return '-'
  }
}

const plannedMacs = '02:00:00:'
const AF_INET = 2
const AF_INET6 = 10
/** The kernel derives its entries from addresses; for IPv6 a moment later. */
const RT_TABLE_LOCAL = 255
const NUD_PERMANENT = 0x80
