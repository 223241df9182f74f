import type { Origin, Route, RouteValue, TableUse } from '#kernel/port.ts'
import { type Attributes, attribute, decodeAttributes } from './attribute.ts'
import { decodeIp, encodeIp, encodePrefix, family, networkOf } from './ip.ts'
import { ourProtocol } from './rtnetlink.ts'
import { atLeast, readU32, u32, zeroed } from './value.ts'

const headerLength = 12
const rta = { destination: 1, oif: 4, gateway: 5, priority: 6, preferredSource: 7, table: 15 } as const
const RT_TABLE_COMPAT = 252
const RT_TABLE_MAIN = 254
const RT_TABLE_LOCAL = 255
const RTPROT_KERNEL = 2
const RTN_UNICAST = 1
const RTNH_F_ONLINK = 4
const scope = { universe: 0, link: 253, nowhere: 255 } as const

/**
 * A route marked as ours (rtm_protocol), of the kernel's own metric unless one is given. The gateway counts as
 * reachable on the link itself, whatever the addresses are.
 */
export function encodeRoute(index: number, route: RouteValue, metric?: number): Buffer {
  const message =
    route.via === undefined
      ? encode(index, route, { scope: scope.link, flags: 0 })
      : encode(index, route, { scope: scope.universe, flags: RTNH_F_ONLINK })
  return metric === undefined ? message : Buffer.concat([message, attribute(rta.priority, u32(metric))])
}

/** Names a route of ours for RTM_DELROUTE; any scope matches. */
export function encodeRouteKey(index: number, route: RouteValue): Buffer {
  return encode(index, route, { scope: scope.nowhere, flags: 0 })
}

/** Asks for the routes of one family in all tables, or those of them that leave by one link. */
export function encodeRouteDump(of: keyof typeof family, index?: number): Buffer {
  return Buffer.concat([
    header({ family: family[of], length: 0, scope: 0, flags: 0, protocol: 0, type: 0, table: 0 }),
    ...(index === undefined ? [] : [attribute(rta.oif, u32(index))]),
  ])
}

/**
 * Decodes the body of RTM_NEWROUTE; undefined for what is not a plain unicast route by one link, and for the table
 * `local`. Throws KernelError EBADMSG.
 */
export function decodeRoute(body: Buffer): Route | undefined {
  const attributes = decodeAttributes(atLeast(body, headerLength).subarray(headerLength))
  const table = tableOf(body, attributes)
  if (body.readUInt8(7) !== RTN_UNICAST || table === RT_TABLE_LOCAL || !attributes.has(rta.oif))
    return undefined
  const unspecified = Buffer.alloc(body.readUInt8(0) === family.ipv6 ? 16 : 4)
  return {
    prefix: `${decodeIp(attributes.get(rta.destination) ?? unspecified)}/${body.readUInt8(1)}`,
    ...address('via', attributes, rta.gateway),
    ...address('source', attributes, rta.preferredSource),
    ...(table === RT_TABLE_MAIN ? {} : { table }),
    origin: originOf(body.readUInt8(5)),
  }
}

/** A route with what only the kernel knows of it. */
export interface PlacedRoute extends TableUse {
  readonly route: Route | undefined
  /** RTA_PRIORITY: of several routes for one prefix the lowest counts. */
  readonly metric: number
}

/** Decodes where a route of any kind is. Throws KernelError EBADMSG. */
export function decodePlacedRoute(body: Buffer): PlacedRoute {
  const attributes = decodeAttributes(atLeast(body, headerLength).subarray(headerLength))
  const index = attributes.get(rta.oif)
  return {
    route: decodeRoute(body),
    table: tableOf(body, attributes),
    metric: readU32(attributes.get(rta.priority) ?? zero),
    origin: originOf(body.readUInt8(5)),
    ...(index === undefined ? {} : { index: readU32(index) }),
  }
}

interface Header {
  readonly family: number
  readonly length: number
  readonly scope: number
  readonly flags: number
  readonly protocol: number
  readonly type: number
  readonly table: number
}

/**
 * struct rtmsg: family u8 @0, dst_len u8 @1, src_len u8 @2, tos u8 @3, table u8 @4, protocol u8 @5, scope u8 @6,
 * type u8 @7, flags u32 @8.
 */
function header(fields: Header): Buffer {
  const bytes = zeroed(headerLength)
  bytes.writeUInt8(fields.family, 0)
  bytes.writeUInt8(fields.length, 1)
  bytes.writeUInt8(fields.table < 256 ? fields.table : RT_TABLE_COMPAT, 4)
  bytes.writeUInt8(fields.protocol, 5)
  bytes.writeUInt8(fields.scope, 6)
  bytes.writeUInt8(fields.type, 7)
  bytes.writeUInt32LE(fields.flags, 8)
  return bytes
}

function encode(
  index: number,
  route: RouteValue,
  fields: { readonly scope: number; readonly flags: number },
): Buffer {
  const prefix = networkOf(encodePrefix(route.prefix))
  const table = route.table ?? RT_TABLE_MAIN
  return Buffer.concat([
    header({
      ...fields,
      family: prefix.family,
      length: prefix.length,
      protocol: ourProtocol,
      type: RTN_UNICAST,
      table,
    }),
    ...(table < 256 ? [] : [attribute(rta.table, u32(table))]),
    attribute(rta.destination, prefix.bytes),
    attribute(rta.oif, u32(index)),
    ...(route.via === undefined ? [] : [attribute(rta.gateway, encodeIp(route.via))]),
    ...(route.source === undefined ? [] : [attribute(rta.preferredSource, encodeIp(route.source))]),
  ])
}

function address<K extends string>(
  key: K,
  attributes: Attributes,
  type: number,
): { readonly [P in K]?: string } | object {
  const bytes = attributes.get(type)
  return bytes === undefined ? {} : { [key]: decodeIp(bytes) }
}

function tableOf(body: Buffer, attributes: Attributes): number {
  const table = attributes.get(rta.table)
  return table === undefined ? body.readUInt8(4) : readU32(table)
}

function originOf(protocol: number): Origin {
  if (protocol === ourProtocol) return 'ours'
  return protocol === RTPROT_KERNEL ? 'kernel' : 'foreign'
}

const zero = Buffer.alloc(4)
