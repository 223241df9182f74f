import { decodeIp, encodeIp, encodePrefix, familyOf, networkOf } from './codec/ip.ts'
import { KernelError } from './errors.ts'
import type { FakeLinks } from './fake-links.ts'
import type { Path } from './port.ts'

/** The way to an address by the longest prefix of all routes of the main table; see `RouteVerbs.lookup`. */
export function fakePath(links: FakeLinks, to: string, from?: string): Path {
  const doing = `looking for the route to ${to}`
  const all = links.all()
  const own = all.flatMap(({ addresses }) => addresses.map(({ cidr }) => cidr.replace(/\/.*/, '')))
  const four = from !== undefined && !from.includes(':')
  if (four && !own.includes(from)) throw new KernelError(doing, { errno: EINVAL, syscall })
  const ways = all.flatMap(({ link, routes, addresses }) =>
    routes
      .filter(({ table }) => table === undefined)
      .map(({ prefix, source }) => ({ link, prefix, source, addresses })),
  )
  const [best] = ways
    .filter(({ prefix }) => holds(prefix, to))
    .toSorted((a, b) => encodePrefix(b.prefix).length - encodePrefix(a.prefix).length)
  if (best === undefined) throw new KernelError(doing, { errno: ENETUNREACH, syscall })
  const first = best.addresses.find(({ cidr }) => cidr.includes(':') === to.includes(':'))?.cidr
  const source = from ?? best.source ?? first?.replace(/\/.*/, '')
  const { index, mtu } = best.link
  return { index, mtu, ...(source === undefined ? {} : { source }) }
}

function holds(prefix: string, address: string): boolean {
  const network = encodePrefix(prefix)
  const bytes = encodeIp(address)
  if (familyOf(bytes) !== network.family) return false
  return decodeIp(networkOf({ ...network, bytes }).bytes) === decodeIp(networkOf(network).bytes)
}

const syscall = 'RTM_GETROUTE'
const EINVAL = 22
const ENETUNREACH = 101
