import { create } from '@bufbuild/protobuf'
import { parse } from 'yaml'
import { validateContext } from '#sdk/wire/context.ts'
import {
  ConnectionContextSchema,
  type PolicyRoute,
  PolicyRouteSchema,
  type Route,
  RouteSchema,
} from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'

/**
 * Reads the YAML list of NSM v1's nse-kernel-pbr: `from`, `proto`, `dstport`, `srcport`, and `routes` with `prefix` and
 * `nexthop`; underscores and capitals do not count, and `port` is `dstport`. Throws Error, or BAD_INPUT naming the field.
 */
export function parsePolicies(text: string): readonly PolicyRoute[] {
  const policies = listOf(parse(text) ?? [], 'the file').map(policyOf)
  validateContext(create(ConnectionContextSchema, { ipContext: { policies } }))
  return policies
}

function policyOf(item: unknown, at: number): PolicyRoute {
  const where = `policy ${at + 1}`
  const { from = '', proto = '', dstport, port, srcport = '', routes = [], ...rest } = fieldsOf(item, where)
  refuseOthers(rest, where)
  return create(PolicyRouteSchema, {
    from: textOf(from, `${where}, from`),
    proto: textOf(proto, `${where}, proto`),
    dstPort: textOf(dstport ?? port ?? '', `${where}, dstport`),
    srcPort: textOf(srcport, `${where}, srcport`),
    routes: listOf(routes, `${where}, routes`).map(route => routeOf(route, where)),
  })
}

function routeOf(item: unknown, where: string): Route {
  const { prefix = '', nexthop = '', ...rest } = fieldsOf(item, `${where}, routes`)
  refuseOthers(rest, `${where}, routes`)
  return create(RouteSchema, {
    prefix: textOf(prefix, `${where}, prefix`),
    nextHop: textOf(nexthop, `${where}, nexthop`),
  })
}

/** By name without underscores and in lower case. */
function fieldsOf(item: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof item !== 'object' || item === null || Array.isArray(item))
    throw new Error(`${where}: expected fields such as "proto: 6"`)
  const fields = Object.entries(item).map(([key, value]) => [key.replaceAll('_', '').toLowerCase(), value])
  return Object.fromEntries(fields)
}

function refuseOthers(rest: Readonly<Record<string, unknown>>, where: string): void {
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw new Error(`${where}: there is no field ${JSON.stringify(unknown)}`)
}

function listOf(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${where}: expected a list`)
  return value
}

/** YAML reads `6666` as a number and `6667-6670` as text. */
function textOf(value: unknown, where: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  throw new Error(`${where}: expected text or a number`)
}
