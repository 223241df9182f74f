import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { type Cidr, parseCidr } from './cidr.ts'
import { endsOf, type KnownEnd } from './ends.ts'

/** From where and to whom a data path is tried. */
export interface Route {
  readonly from: KnownEnd
  /** Canonical, without prefix length. */
  readonly to: readonly string[]
}

/**
 * The addresses of the far end that the near end has a family for, asked from the client when its pod is on this node,
 * else from the endpoint: an answer shows both directions. Undefined without any.
 */
export function targetsOf(crossConnect: CrossConnect): Route | undefined {
  const from = endsOf(crossConnect)[0]
  if (from === undefined) return undefined
  const ip = (crossConnect.source?.context ?? crossConnect.destination?.context)?.ipContext
  const [client, endpoint] = [read(ip?.srcIpAddrs), read(ip?.dstIpAddrs)]
  const [near, far] = from.role === 'src' ? [client, endpoint] : [endpoint, client]
  const to = far.filter(({ family }) => near.some(own => own.family === family)).map(({ text }) => text)
  return to.length === 0 ? undefined : { from, to }
}

function read(cidrs: readonly string[] = []): readonly Cidr[] {
  return cidrs.flatMap(text => parseCidr(text) ?? [])
}
