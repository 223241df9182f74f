import { canonicalCidr, decodeIp, encodeIp } from './codec/ip.ts'
import type { EndPlan, WireguardPlan } from './link-plan.ts'
import type { Operation } from './operation.ts'
import { policyParts, type RuleFacts } from './policy.ts'
import type { Address, Link, LinkChange, NeighbourEntry, Route, RouteValue, RuleValue } from './port.ts'
import { canonicalRoute, isSameRoute, isSameRule } from './same.ts'

/** One end of a link as it is. */
export interface EndFacts {
  readonly link: Link
  /** Absent when it was there before. */
  readonly born?: 'now'
  readonly addresses: readonly Address[]
  readonly routes: readonly Route[]
  readonly neighbours: readonly NeighbourEntry[]
  readonly rules: RuleFacts
  /** Of a WireGuard device, when it has one peer. */
  readonly wireguard?: WireguardPlan
}

/**
 * What turns an end from what it is into what the plan wants, in an order that the kernel takes: removals, addresses,
 * the link (it comes up with its addresses), then what needs a link that is up. A rule comes after the routes of its
 * table and goes before them, so that no packet finds half a table. What others added to the interface stays: so
 * addresses come before others go, for with the last address of IPv4 all routes of an interface go, whoever made them.
 */
export function differences(plan: EndPlan, facts: EndFacts): readonly Operation[] {
  const addresses = addressDifferences(plan, facts)
  const policies = policyParts(plan, facts.rules)
  const routes = routeDifferences([...plan.routes, ...policies.routes], facts)
  const rules = ruleDifferences(policies.rules, facts)
  const neighbours = neighbourDifferences(plan, facts)
  return [
    ...widened(plan, facts.link),
    ...[...rules, ...routes, ...neighbours].filter(({ verb }) => verb === 'remove'),
    ...addresses,
    ...wireguardDifferences(plan, facts),
    ...linkDifferences(plan, facts),
    ...linkLocalDifferences(plan, facts),
    ...[...routes, ...neighbours, ...rules].filter(({ verb }) => verb === 'add'),
  ]
}

/** An interface that is too small for IPv6 takes no address of it, so it grows before. */
function widened(plan: EndPlan, link: Link): readonly Operation[] {
  const { mtu } = mtuOf(plan, link)
  if (mtu === undefined || mtu < leastIpv6Mtu || link.mtu >= leastIpv6Mtu) return []
  return [{ noun: 'link', verb: 'set', value: { mtu }, before: { mtu: link.mtu } }]
}

/** A pair whose MTU was asked for once and is no longer goes back to what the kernel makes pairs with. */
function mtuOf(plan: EndPlan, { kind }: Link): Pick<LinkChange, 'mtu'> {
  if (plan.mtu !== undefined) return { mtu: plan.mtu }
  return kind === 'veth' ? { mtu: ETH_DATA_LEN } : {}
}

/**
 * A link comes up with all else that it has: a change of one that is up makes the kernel tell of it, and IPv6 walk all routes
 * of the namespace, once more.
 */
function linkDifferences(plan: EndPlan, { link, born }: EndFacts): readonly Operation[] {
  const wanted: LinkChange = {
    name: plan.name,
    alias: plan.alias,
    ...(widened(plan, link).length > 0 ? {} : mtuOf(plan, link)),
    ...(plan.mac === undefined ? {} : { mac: plan.mac.toLowerCase() }),
    ...(plan.master === undefined ? {} : { master: plan.master }),
  }
  const changed = keysOf(wanted).filter(key => wanted[key] !== link[key])
  const silent: LinkChange = born === 'now' && isIpv4Only(plan) ? { linkLocal: 'none' } : {}
  const value = { ...pick(wanted, changed), ...silent }
  const rest: readonly Operation[] =
    Object.keys(value).length === 0 ? [] : [{ noun: 'link', verb: 'set', value, before: pick(link, changed) }]
  if (link.admin === 'up') return rest
  return [...rest, { noun: 'link', verb: 'set', value: { admin: 'up' }, before: { admin: 'down' } }]
}

/**
 * An end of IPv4 has no use for the link-local address that IPv6 gives each interface: it costs the kernel four routes, and
 * all routes of the namespace are walked for each link that comes up. IPv6 itself stays on, for those who add an address.
 * An end without addresses, as of a cable, is its user's.
 */
function isIpv4Only({ addresses }: EndPlan): boolean {
  return addresses.length > 0 && addresses.every(isIpv4)
}

/** An end that was born with IPv4 alone and gets IPv6 becomes as if it had been born with it. */
function linkLocalDifferences(plan: EndPlan, { born, addresses }: EndFacts): readonly Operation[] {
  const had = addresses.some(({ cidr, origin }) => origin === 'ours' && !isIpv4(cidr))
  if (born === 'now' || had || plan.addresses.every(isIpv4)) return []
  return [{ noun: 'link', verb: 'set', value: { linkLocal: 'auto' }, before: {} }]
}

function isIpv4(cidr: string): boolean {
  return !cidr.includes(':')
}

function wireguardDifferences(plan: EndPlan, { wireguard: before }: EndFacts): readonly Operation[] {
  const { wireguard: value } = plan
  if (value === undefined) return []
  if (before === undefined) return [{ noun: 'wireguard', verb: 'set', value }]
  return isSameWireguard(value, before) ? [] : [{ noun: 'wireguard', verb: 'set', value, before }]
}

function isSameWireguard(a: WireguardPlan, b: WireguardPlan): boolean {
  return (
    a.key.publicKey === b.key.publicKey &&
    a.port === b.port &&
    a.peer.publicKey === b.peer.publicKey &&
    a.peer.address === b.peer.address &&
    a.peer.port === b.peer.port
  )
}

function addressDifferences(plan: EndPlan, { addresses }: EndFacts): readonly Operation[] {
  const wanted = plan.addresses.map(canonicalCidr)
  const present = new Set(addresses.map(({ cidr }) => cidr))
  const missing = wanted.filter(cidr => !present.has(cidr))
  // The last first: an address is secondary to an earlier one of its network.
  const stale = addresses
    .filter(({ cidr, origin }) => origin === 'ours' && !wanted.includes(cidr))
    .map(({ cidr }) => cidr)
    .toReversed()
  // IPv6 has an address once, whatever its prefix length.
  const inTheWay = stale.filter(
    cidr => cidr.includes(':') && missing.some(other => ipOf(other) === ipOf(cidr)),
  )
  return [
    ...inTheWay.map((value): Operation => ({ noun: 'addr', verb: 'remove', value })),
    ...missing.map((value): Operation => ({ noun: 'addr', verb: 'add', value })),
    ...stale
      .filter(cidr => !inTheWay.includes(cidr))
      .map((value): Operation => ({ noun: 'addr', verb: 'remove', value })),
  ]
}

function ipOf(cidr: string): string | undefined {
  return cidr.split('/')[0]
}

/** A wanted route that the kernel derives from an address by itself is there already. */
function routeDifferences(plan: readonly RouteValue[], { routes }: EndFacts): readonly Operation[] {
  const stale = routes.filter(
    route => route.origin === 'ours' && !plan.some(wanted => isSameRoute(wanted, route)),
  )
  const missing = plan.filter(wanted => !routes.some(route => isSameRoute(wanted, route)))
  return [
    ...stale.map((route): Operation => ({ noun: 'route', verb: 'remove', value: canonicalRoute(route) })),
    ...missing.map((route): Operation => ({ noun: 'route', verb: 'add', value: canonicalRoute(route) })),
  ]
}

function ruleDifferences(plan: readonly RuleValue[], { rules }: EndFacts): readonly Operation[] {
  const stale = rules.own.filter(rule => !plan.some(wanted => isSameRule(wanted, rule)))
  const missing = plan.filter(wanted => !rules.own.some(rule => isSameRule(wanted, rule)))
  return [
    ...[...stale, ...rules.stray].map((value): Operation => ({ noun: 'rule', verb: 'remove', value })),
    ...missing.map((value): Operation => ({ noun: 'rule', verb: 'add', value })),
  ]
}

function neighbourDifferences(plan: EndPlan, { neighbours }: EndFacts): readonly Operation[] {
  const wanted = plan.neighbours.map(({ address, mac }) => ({
    address: decodeIp(encodeIp(address)),
    mac: mac.toLowerCase(),
  }))
  const stale = neighbours.filter(
    entry => entry.origin === 'ours' && !wanted.some(other => isSameEntry(entry, other)),
  )
  const missing = wanted.filter(entry => !neighbours.some(other => isSameEntry(entry, other)))
  return [
    ...stale.map(
      ({ address, mac }): Operation => ({ noun: 'neigh', verb: 'remove', value: { address, mac } }),
    ),
    ...missing.map((value): Operation => ({ noun: 'neigh', verb: 'add', value })),
  ]
}

function isSameEntry(a: { address: string; mac: string }, b: { address: string; mac: string }): boolean {
  return a.address === b.address && a.mac === b.mac
}

type Settable = 'name' | 'alias' | 'mtu' | 'mac' | 'master'

function keysOf(change: LinkChange): readonly Settable[] {
  const all = ['name', 'alias', 'mtu', 'mac', 'master'] as const
  return all.filter(key => change[key] !== undefined)
}

function pick(from: LinkChange, keys: readonly Settable[]): LinkChange {
  return Object.fromEntries(keys.map(key => [key, from[key]]))
}

/** RFC 8200 §5. */
const leastIpv6Mtu = 1280
/** Of linux/if_ether.h: the MTU of a new Ethernet interface. */
const ETH_DATA_LEN = 1500
