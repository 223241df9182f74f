/** When two descriptions mean the same thing, however they are written. */
import { canonicalNetwork, decodeIp, encodeIp } from './codec/ip.ts'
import type { PolicyPlan, PortRange } from './link-plan.ts'
import type { RouteValue, RuleValue } from './port.ts'

/** A route in the kernel's own writing: host bits zeroed, addresses canonical. */
export function canonicalRoute({ prefix, via, source, table }: RouteValue): RouteValue {
  return {
    prefix: canonicalNetwork(prefix),
    ...(via === undefined ? {} : { via: decodeIp(encodeIp(via)) }),
    ...(source === undefined ? {} : { source: decodeIp(encodeIp(source)) }),
    ...(table === undefined ? {} : { table }),
  }
}

/**
 * Whether a route that is there does what a wanted one asks. Without a wanted source any will do: for a route of
 * link scope the kernel fills one in by itself.
 */
export function isSameRoute(wanted: RouteValue, present: RouteValue): boolean {
  const [a, b] = [canonicalRoute(wanted), canonicalRoute(present)]
  const same = a.table === b.table && a.prefix === b.prefix && a.via === b.via
  return same && (a.source === undefined || a.source === b.source)
}

/** `10.0.0.0/8 via 10.0.0.1 src 10.0.0.2`, as `ip route` writes it. */
export function routeInWords({ prefix, via, source, table }: RouteValue): string {
  const words = [optional('via', via), optional('src', source), optional('table', table)]
  return `${prefix}${words.join('')}`
}

/** Which packets a policy or a rule is for, in one line that is the same for the same packets: `from 10.0.0.1/32 ipproto 6 dport 80-90`. */
export function selectorInWords(selector: Omit<PolicyPlan, 'routes'>): string {
  const from = selector.from === undefined ? 'all' : canonicalNetwork(selector.from)
  const words = [
    optional('ipproto', selector.protocol),
    optional('sport', portsInWords(selector.sourcePorts)),
    optional('dport', portsInWords(selector.destinationPorts)),
  ]
  return `from ${from.endsWith('/0') ? 'all' : from}${words.join('')}`
}

/** Whether two rules are one. */
export function isSameRule(a: RuleValue, b: RuleValue): boolean {
  const same = a.family === b.family && a.table === b.table && a.priority === b.priority
  return same && a.owner === b.owner && selectorInWords(a) === selectorInWords(b)
}

/** `ipv4 from 10.0.0.1/32 ipproto 6 lookup 1 priority 32765`, nearly as `ip rule` writes it. */
export function ruleInWords(rule: RuleValue): string {
  return `${rule.family} ${selectorInWords(rule)} lookup ${rule.table} priority ${rule.priority}`
}

function portsInWords(ports: PortRange | undefined): string | undefined {
  if (ports === undefined) return undefined
  return ports.first === ports.last ? `${ports.first}` : `${ports.first}-${ports.last}`
}

function optional(word: string, value: string | number | undefined): string {
  return value === undefined ? '' : ` ${word} ${value}`
}
