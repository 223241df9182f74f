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
import { parsePorts, parseProtocol } from './packets.ts'

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

/** The most entries that a list of a context may have: nobody needs more, and each one costs every node that it passes. */
export const mostEntries = {
  addresses: 64,
  routes: 512,
  neighbours: 512,
  policies: 64,
  excludedPrefixes: 1024,
  extraPrefixRequests: 16,
  extraPrefixes: 4096,
  dns: 64,
} as const

type Check<T> = (value: T, field: string) => void

function validateIp(ip: IPContext): void {
  const at = 'context.ip_context'
  atMost(mostEntries.addresses, ip.srcIpAddrs, `${at}.src_ip_addrs`)
  atMost(mostEntries.addresses, ip.dstIpAddrs, `${at}.dst_ip_addrs`)
  atMost(mostEntries.routes, ip.srcRoutes, `${at}.src_routes`)
  atMost(mostEntries.routes, ip.dstRoutes, `${at}.dst_routes`)
  atMost(mostEntries.excludedPrefixes, ip.excludedPrefixes, `${at}.excluded_prefixes`)
  atMost(mostEntries.neighbours, ip.ipNeighbors, `${at}.ip_neighbors`)
  atMost(mostEntries.extraPrefixRequests, ip.extraPrefixRequest, `${at}.extra_prefix_request`)
  atMost(mostEntries.extraPrefixes, ip.extraPrefixes, `${at}.extra_prefixes`)
  atMost(mostEntries.policies, ip.policies, `${at}.policies`)
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
  atMost(mostEntries.dns, configs, 'context.dns_context.configs')
  each(configs, 'context.dns_context.configs', ({ dnsServerIps, searchDomains }, field) => {
    if (dnsServerIps.length === 0) throw wrong(`${field}.dns_server_ips`, '[]', 'at least one server')
    atMost(mostEntries.dns, dnsServerIps, `${field}.dns_server_ips`)
    atMost(mostEntries.dns, searchDomains, `${field}.search_domains`)
    each(dnsServerIps, `${field}.dns_server_ips`, address)
    each(searchDomains, `${field}.search_domains`, domain)
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
  if (proto !== '' && parseProtocol(proto) === undefined)
    throw wrong(
      `${field}.proto`,
      quoted(proto),
      'an IP protocol: a number from 1 to 255, or a name such as tcp',
    )
  if (dstPort !== '') ports(dstPort, `${field}.dst_port`)
  if (srcPort !== '') ports(srcPort, `${field}.src_port`)
  atMost(mostEntries.routes, routes, `${field}.routes`)
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

function ports(text: string, field: string): void {
  if (parsePorts(text) === undefined)
    throw wrong(field, quoted(text), 'a port N or a range N-M of ports from 1 to 65535')
}

/** RFC 1035 §2.3.4; underscores and a closing dot occur. */
function domain(text: string, field: string): void {
  const labels = text.replace(/\.$/, '').split('.')
  const wellFormed = text.length <= 254 && labels.every(label => /^[\w]([\w-]{0,61}[\w])?$/.test(label))
  if (!wellFormed) throw wrong(field, quoted(text), 'a domain name such as example.org')
}

function atMost(limit: number, items: readonly unknown[], field: string): void {
  if (items.length > limit) throw wrong(field, `a list of ${items.length}`, `at most ${limit} entries`)
}

function within(value: number, field: string, [least, most]: readonly [number, number]): void {
  if (value < least || value > most) throw wrong(field, String(value), `${least} to ${most}`)
}

function isNumberUpTo(text: string, most: number): boolean {
  return /^(0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= most
}

function quoted(text: string): string {
  return JSON.stringify(text.length <= 80 ? text : `${text.slice(0, 80)}…`)
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
