import type { NeighbourPlan, PolicyPlan } from '#kernel/link-plan.ts'
import { mostEntries } from '#sdk/wire/context.ts'
import type {
  ConnectionContext,
  IpNeighbor,
  PolicyRoute,
  Route,
} from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import { type Ports, parsePorts, parseProtocol } from '#sdk/wire/packets.ts'
import { type Cidr, formatCidr, type Ip, isAssignable, parseCidr, parseIp } from './cidr.ts'
import { type PolicyWish, policiesOf } from './policies.ts'
import { badInput, quoted, unsupported } from './refuse.ts'
import type { RouteWish } from './routes.ts'

/** What one side of a connection wants. */
export interface Side {
  readonly addresses: readonly Cidr[]
  readonly routes: readonly RouteWish[]
  /** Absent leaves what the kernel chose. */
  readonly mac?: string
}

/** A connection context that was checked. */
export interface LinkContext {
  readonly source: Side
  readonly destination: Side
  readonly neighbours: readonly NeighbourPlan[]
  /** Of the client. */
  readonly policies: readonly PolicyPlan[]
  /** Bytes; absent leaves the kernel's default. */
  readonly mtu?: number
}

/** Reads and checks all of a context that concerns links. `doing` begins the messages. Throws BAD_INPUT, and UNSUPPORTED for VLAN tags and for ports that no rule of Linux can name. */
export function readContext(context: ConnectionContext | undefined, doing: string): LinkContext {
  const ip = context?.ipContext
  const ethernet = context?.ethernetContext
  if ((ethernet?.vlanTag ?? 0) !== 0)
    throw unsupported(doing, 'it has a VLAN tag, which this forwarder cannot make')
  const source = {
    addresses: addressesOf(ip?.srcIpAddrs, `${doing}: src_ip_addrs`),
    routes: wishesOf(ip?.srcRoutes, `${doing}: src_routes`),
    ...macOf(ethernet?.srcMac, `${doing}: src_mac`),
  }
  const destination = {
    addresses: addressesOf(ip?.dstIpAddrs, `${doing}: dst_ip_addrs`),
    routes: wishesOf(ip?.dstRoutes, `${doing}: dst_routes`),
    ...macOf(ethernet?.dstMac, `${doing}: dst_mac`),
  }
  const wishes = policiesIn(ip?.policies, `${doing}: policies`)
  const addresses = [...source.addresses, ...destination.addresses]
  const twice = addresses.find((one, at) => addresses.findIndex(({ text }) => text === one.text) !== at)
  if (twice !== undefined) throw badInput(doing, `the address ${twice.text} stands in it twice`)
  return {
    source,
    destination,
    neighbours: neighboursOf(ip?.ipNeighbors, `${doing}: ip_neighbors`),
    policies: policiesOf(wishes, source.addresses, `${doing}: policies`),
    ...mtuOf(context?.MTU, addresses, `${doing}: MTU`),
  }
}

function addressesOf(texts: readonly string[] = [], doing: string): readonly Cidr[] {
  const cidrs = atMost(mostEntries.addresses, [...new Set(texts)], doing).map(text => cidrOf(text, doing))
  const wrong = cidrs.find(cidr => !isAssignable(cidr) || cidr.length === 0)
  if (wrong !== undefined)
    throw badInput(doing, `${formatCidr(wrong)} is no address that an interface may have`)
  return cidrs
}

function wishesOf(routes: readonly Route[] = [], doing: string): readonly RouteWish[] {
  return atMost(mostEntries.routes, routes, doing).map(({ prefix: text, nextHop: hop }) => {
    const prefix = cidrOf(text, doing)
    if (hop === '') return { prefix }
    const nextHop = ipOf(hop, `${doing}: next hop of ${text}`)
    if (nextHop.family !== prefix.family || !isAssignable(nextHop)) {
      throw badInput(
        doing,
        `the next hop of ${text} is ${quoted(hop)}; expected a unicast ${prefix.family} address`,
      )
    }
    return { prefix, nextHop }
  })
}

function policiesIn(policies: readonly PolicyRoute[] = [], doing: string): readonly PolicyWish[] {
  return atMost(mostEntries.policies, policies, doing).map(
    ({ from, proto, srcPort, dstPort, routes }, at) => {
      const here = `${doing}[${at}]`
      const source = from === '' ? undefined : cidrOf(from, `${here}: from`)
      const wishes = wishesOf(routes, `${here}: routes`)
      const strange = wishes.find(({ prefix }) => source !== undefined && prefix.family !== source.family)
      if (strange !== undefined)
        throw badInput(
          here,
          `it is from ${quoted(from)} and has the route ${formatCidr(strange.prefix)} of the other family`,
        )
      return {
        routes: wishes,
        ...(source === undefined ? {} : { from: source }),
        ...(proto === '' ? {} : { protocol: protocolOf(proto, `${here}: proto`) }),
        ...(srcPort === '' ? {} : { sourcePorts: portsOf(srcPort, `${here}: src_port`) }),
        ...(dstPort === '' ? {} : { destinationPorts: portsOf(dstPort, `${here}: dst_port`) }),
      }
    },
  )
}

function protocolOf(text: string, doing: string): number {
  const protocol = parseProtocol(text)
  if (protocol === undefined)
    throw badInput(doing, `${quoted(text)} is no IP protocol; expected 1 to 255 or a name such as tcp`)
  return protocol
}

/** A rule of Linux takes no port above 65534 (fib_rule_port_range_valid in net/core/fib_rules.c). */
function portsOf(text: string, doing: string): Ports {
  const ports = parsePorts(text)
  if (ports === undefined) throw badInput(doing, `${quoted(text)} is neither a port N nor a range N-M`)
  if (ports.last > 65_534)
    throw unsupported(doing, `a rule of Linux selects the ports 1 to 65534, not ${quoted(text)}`)
  return ports
}

function neighboursOf(neighbours: readonly IpNeighbor[] = [], doing: string): readonly NeighbourPlan[] {
  const plans = atMost(mostEntries.neighbours, neighbours, doing).map(({ ip, hardwareAddress }) => ({
    address: unicastOf(ip, doing).text,
    mac: hardware(hardwareAddress, doing),
  }))
  const byAddress = new Map(plans.map(plan => [plan.address, plan]))
  const torn = plans.find(({ address, mac }) => byAddress.get(address)?.mac !== mac)
  if (torn !== undefined)
    throw badInput(doing, `it has two MACs for ${torn.address}, and a neighbour has one`)
  return [...byAddress.values()]
}

function macOf(text: string | undefined, doing: string): { readonly mac?: string } {
  return text === undefined || text === '' ? {} : { mac: hardware(text, doing) }
}

/** The bounds of veth (ETH_MIN_MTU, ETH_MAX_MTU) and, with an IPv6 address, the least that IPv6 takes (RFC 8200 §5). */
function mtuOf(mtu: number | undefined, addresses: readonly Ip[], doing: string): { readonly mtu?: number } {
  if (mtu === undefined || mtu === 0) return {}
  const least = addresses.some(({ family }) => family === 'IPv6') ? 1280 : 68
  if (mtu < least || mtu > 65_535) throw badInput(doing, `it is ${mtu}; expected ${least} to 65535 bytes`)
  return { mtu }
}

/** A unicast MAC in lower case; the lowest bit of the first byte marks a group (IEEE 802). */
function hardware(text: string, doing: string): string {
  const mac = text.toLowerCase()
  const wellFormed = /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/.test(mac) && mac !== '00:00:00:00:00:00'
  if (!wellFormed) throw badInput(doing, `${quoted(text)} is no unicast MAC like 02:00:00:00:00:01`)
  return mac
}

function unicastOf(text: string, doing: string): Ip {
  const ip = ipOf(text, doing)
  if (!isAssignable(ip)) throw badInput(doing, `${quoted(text)} is no address that a neighbour may have`)
  return ip
}

function cidrOf(text: string, doing: string): Cidr {
  const cidr = parseCidr(text)
  if (cidr === undefined)
    throw badInput(doing, `${quoted(text)} is no CIDR like 10.0.0.1/30 or 2001:db8::1/126`)
  return cidr
}

function ipOf(text: string, doing: string): Ip {
  const ip = parseIp(text)
  if (ip === undefined) throw badInput(doing, `${quoted(text)} is no IP address like 10.0.0.1 or 2001:db8::1`)
  return ip
}

function atMost<T>(limit: number, items: readonly T[], doing: string): readonly T[] {
  if (items.length > limit)
    throw badInput(doing, `it has ${items.length} entries; at most ${limit} are taken`)
  return items
}
