/** When two descriptions mean the same thing, however they are written. */
import { canonicalNetwork, decodeIp, encodeIp } from './codec/ip.ts'
import type { RouteValue } from './port.ts'

/** A route in the kernel's own writing: host bits zeroed, addresses canonical. */
export function canonicalRoute({ prefix, via, source }: RouteValue): RouteValue {
  return {
    prefix: canonicalNetwork(prefix),
    ...(via === undefined ? {} : { via: decodeIp(encodeIp(via)) }),
    ...(source === undefined ? {} : { source: decodeIp(encodeIp(source)) }),
  }
}

/**
 * Whether a route that is there does what a wanted one asks. Without a wanted source any will do: for a route of
 * link scope the kernel fills one in by itself.
 */
export function isSameRoute(wanted: RouteValue, present: RouteValue): boolean {
  const [a, b] = [canonicalRoute(wanted), canonicalRoute(present)]
  return a.prefix === b.prefix && a.via === b.via && (a.source === undefined || a.source === b.source)
}

/** `10.0.0.0/8 via 10.0.0.1 src 10.0.0.2`, as `ip route` writes it. */
export function routeInWords({ prefix, via, source }: RouteValue): string {
  return `${prefix}${via === undefined ? '' : ` via ${via}`}${source === undefined ? '' : ` src ${source}`}`
}
