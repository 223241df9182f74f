import { isIP } from 'node:net'
import { NsmError } from '#sdk/errors.ts'
import {
  type ConnectionContext,
  type DNSContext,
  type EthernetContext,
  type ExtraPrefixRequest,
  type IPContext,
  IpFamily_Family,
  type IpNeighbor,
  type PolicyRoute,
  type Route,
} from './gen/connectioncontext/connectioncontext_pb.ts'

/**
 * Checks the form of all that travels with a connection (NSM v0.2, connectioncontext/helpers.go, and more strictly
 * than v1, which skips what it cannot parse). Throws BAD_INPUT naming the first field that is wrong.
 */
export function validateContext(context: ConnectionContext): void {
  if (context.ipContext !== undefined) validateIp(context.ipContext)
  if (context.dnsContext !== undefined) validateDns(context.dnsContext)
  if (context.ethernetContext !== undefined) validateEthernet(context.ethernetContext)
}

/** Checks that an answer has the addresses that the request called required. Throws BAD_INPUT naming what is missing. */
export function requireAddresses(
  requested: ConnectionContext | undefined,
  answered: ConnectionContext | undefined,
): void {
  const wanted = requested?.ipContext
  const given = answered?.ipContext
  if (wanted?.srcIpRequired === true && (given?.srcIpAddrs.length ?? 0) === 0) throw missing('src_ip_addrs')
  if (wanted?.dstIpRequired === true && (given?.dstIpAddrs.length ?? 0) === 0) throw missing('dst_ip_addrs')
}

type Check<T> = (value: T, field: string) => void

function validateIp(ip: IPContext): void {
  const at = 'context.ip_context'
  each(ip.srcIpAddrs, `${at}.src_ip_addrs`, cidr)
  each(ip.dstIpAddrs, `${at}.dst_ip_addrs`, cidr)
  each(ip.srcRoutes, `${at}.src_routes`, route)
  each(ip.dstRoutes, `${at}.dst_routes`, route)
  each(ip.excludedPrefixes, `${at}.excluded_prefixes`, cidr)
  each(ip.ipNeighbors, `${at}.ip_neighbors`, neighbour)
  each(ip.extraPrefixRequest, `${at}.extra_prefix_request`, extraPrefixRequest)
  each(ip.extraPrefixes, `${at}.extra_prefixes`, cidr)
  each(ip.policies, `${at}.policies`, policy)
}

function validateDns({ configs }: DNSContext): void {
  each(configs, 'context.dns_context.configs', ({ dnsServerIps }, field) => {
    if (dnsServerIps.length === 0) throw wrong(`${field}.dns_server_ips`, '[]', 'at least one server')
    each(dnsServerIps, `${field}.dns_server_ips`, address)
  })
}

function validateEthernet({ srcMac, dstMac, vlanTag }: EthernetContext): void {
  const at = 'context.ethernet_context'
  if (srcMac !== '') mac(srcMac, `${at}.src_mac`)
  if (dstMac !== '') mac(dstMac, `${at}.dst_mac`)
  within(vlanTag, `${at}.vlan_tag`, [0, 4_094])
}

function each<T>(values: readonly T[], field: string, check: Check<T>): void {
  values.forEach((value, index) => check(value, `${field}[${index}]`))
}

function route({ prefix, nextHop }: Route, field: string): void {
  cidr(prefix, `${field}.prefix`)
  if (nextHop !== '') address(nextHop, `${field}.nextHop`)
}

function neighbour({ ip, hardwareAddress }: IpNeighbor, field: string): void {
  address(ip, `${field}.ip`)
  mac(hardwareAddress, `${field}.hardware_address`)
}

function extraPrefixRequest(request: ExtraPrefixRequest, field: string): void {
  const { addrFamily, prefixLen, requiredNumber, requestedNumber } = request
  if (addrFamily === undefined) throw wrong(`${field}.addr_family`, 'absent', 'IPV4 or IPV6')
  within(prefixLen, `${field}.prefix_len`, [1, addrFamily.family === IpFamily_Family.IPV6 ? 128 : 32])
  within(requiredNumber, `${field}.required_number`, [1, requestedNumber])
}

function policy({ from, proto, dstPort, srcPort, routes }: PolicyRoute, field: string): void {
  if (from !== '') cidr(from, `${field}.from`)
  if (proto !== '' && !isNumberUpTo(proto, 255))
    throw wrong(`${field}.proto`, quoted(proto), 'an IP protocol number')
  if (dstPort !== '') ports(dstPort, `${field}.dst_port`)
  if (srcPort !== '') ports(srcPort, `${field}.src_port`)
  each(routes, `${field}.routes`, route)
}

function cidr(text: string, field: string): void {
  const [ip = '', length = '', ...rest] = text.split('/')
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(ip)] ?? -1
  if (rest.length > 0 || ip.includes('%') || !isNumberUpTo(length, bits)) {
    throw wrong(field, quoted(text), 'a CIDR such as 10.0.0.1/30 or 2001:db8::1/126')
  }
}

function address(text: string, field: string): void {
  if (isIP(text) === 0 || text.includes('%'))
    throw wrong(field, quoted(text), 'an IP address without a prefix length')
}

function mac(text: string, field: string): void {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text))
    throw wrong(field, quoted(text), 'a MAC address such as 02:00:00:00:00:01')
}

/** `N` or `N-M` (NSM v1, connectioncontext_helpers.go). */
function ports(text: string, field: string): void {
  const [first = '', last = first, ...rest] = text.split('-')
  const wellFormed =
    rest.length === 0 &&
    isNumberUpTo(first, 65_535) &&
    isNumberUpTo(last, 65_535) &&
    Number(first) <= Number(last)
  if (!wellFormed) throw wrong(field, quoted(text), 'a port N or a range N-M')
}

function within(value: number, field: string, [least, most]: readonly [number, number]): void {
  if (value < least || value > most) throw wrong(field, String(value), `${least} to ${most}`)
}

function isNumberUpTo(text: string, most: number): boolean {
  return /^(0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= most
}

function quoted(text: string): string {
  return JSON.stringify(text)
}

function wrong(field: string, found: string, expected: string): NsmError {
  return new NsmError('BAD_INPUT', `${field} is ${found}; expected ${expected}`)
}

function missing(field: string): NsmError {
  return new NsmError(
    'BAD_INPUT',
    `context.ip_context.${field} is empty in the answer, though the request requires it; give the endpoint an address pool`,
  )
}
