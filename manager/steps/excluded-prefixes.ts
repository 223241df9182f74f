import { BlockList, isIPv6 } from 'node:net'
import { create } from '@bufbuild/protobuf'
import type { ManagerStep } from '#manager/request.ts'
import { ipContextOf } from '#sdk/elements/endpoint-step.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import { ConnectionContextSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'

/** Names the cluster's own prefixes in every request; `refuseExcluded` looks at what comes back. */
export function excludedPrefixes(prefixes: readonly string[]): ManagerStep {
  return {
    name: 'excludedPrefixes',
    request: (input, call, next) =>
      next({ ...input, connection: withExcluded(input.connection, prefixes) }, call),
  }
}

/** Fails with ENDPOINT_REFUSED when an address of the answer lies in a prefix that the request has excluded. */
export function refuseExcluded(endpoint: string, { context }: Connection, prefixes: readonly string[]): void {
  if (prefixes.length === 0) return
  const { srcIpAddrs = [], dstIpAddrs = [] } = context?.ipContext ?? {}
  const excluded = new BlockList()
  for (const prefix of prefixes) {
    const [address = '', bits] = prefix.split('/')
    excluded.addSubnet(address, Number(bits), familyOf(address))
  }
  for (const cidr of [...srcIpAddrs, ...dstIpAddrs]) {
    const [address = ''] = cidr.split('/')
    if (excluded.check(address, familyOf(address)))
      throw new NsmError(
        'ENDPOINT_REFUSED',
        `endpoint ${endpoint} answered with ${cidr}, which lies in an excluded prefix (${prefixes.join(', ')})`,
      )
  }
}

function withExcluded(connection: Connection, prefixes: readonly string[]): Connection {
  const context = connection.context ?? create(ConnectionContextSchema)
  const ipContext = ipContextOf(connection)
  const union = [...new Set([...ipContext.excludedPrefixes, ...prefixes])]
  return { ...connection, context: { ...context, ipContext: { ...ipContext, excludedPrefixes: union } } }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4'
}
