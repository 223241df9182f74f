import { BlockList, isIPv6 } from 'node:net'
import { create } from '@bufbuild/protobuf'
import type { Connections } from '#manager/connections.ts'
import type { ManagerRequest, ManagerStep } from '#manager/request.ts'
import { ipContextOf } from '#sdk/elements/endpoint-step.ts'
import { NsmError } from '#sdk/errors.ts'
import { mostEntries } from '#sdk/wire/context.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import { ConnectionContextSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'

/** What naming excluded prefixes depends on. */
export interface ExcludedPrefixesOptions {
  /** CIDRs of the cluster, as they are known by the time of each request. */
  readonly excludedPrefixes: () => readonly string[]
  readonly connections: Connections
}

/**
 * Names in every request what the endpoint must not hand out: the cluster's own prefixes, and the addresses at both ends
 * of the client's earlier connections, since a pod cannot tell two equal ones apart. Only earlier ones, so that of two
 * that are equal all the same always the later one gives way. `refuseExcluded` looks at what comes back.
 */
export function excludedPrefixes({
  excludedPrefixes: own,
  connections,
}: ExcludedPrefixesOptions): ManagerStep {
  return {
    name: 'excludedPrefixes',
    request: (input, call, next) =>
      next(
        {
          ...input,
          connection: withExcluded(input.connection, [...own(), ...earlierAddresses(input, connections)]),
        },
        call,
      ),
  }
}

function earlierAddresses({ id, caller }: ManagerRequest, connections: Connections): readonly string[] {
  if (caller.kind !== 'pod') return []
  const all = connections.ofPod(caller.pod.uid)
  const at = all.findIndex(wired => wired.id === id)
  return all
    .slice(0, at === -1 ? all.length : at)
    .filter(wired => wired.caller.kind === 'pod' && wired.caller.pod.uid === caller.pod.uid)
    .flatMap(({ connection }) => {
      const { srcIpAddrs, dstIpAddrs } = ipContextOf(connection)
      return [...srcIpAddrs, ...dstIpAddrs].map(singleOf)
    })
}

/** The address alone, without its network: what else lies in that is nobody's. */
function singleOf(cidr: string): string {
  const [address = ''] = cidr.split('/')
  return `${address}/${isIPv6(address) ? 128 : 32}`
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
  const union = [...new Set([...ipContext.excludedPrefixes, ...prefixes])].slice(
    0,
    mostEntries.excludedPrefixes,
  )
  return { ...connection, context: { ...context, ipContext: { ...ipContext, excludedPrefixes: union } } }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4'
}
