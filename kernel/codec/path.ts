import { attribute, decodeAttributes } from './attribute.ts'
import { decodeIp, encodeIp, familyOf } from './ip.ts'
import { atLeast, readU32, zeroed } from './value.ts'

const headerLength = 12
const rta = { destination: 1, source: 2, oif: 4, preferredSource: 7, metrics: 8 } as const
const RTAX_MTU = 2

/** What the kernel says of the way to an address. */
export interface PathAnswer {
  /** Index of the interface that packets leave by. */
  readonly index: number
  readonly source?: string
  /** Only when the route has one, or the kernel learned of a smaller one on the way. */
  readonly mtu?: number
}

/**
 * Asks which way packets go to an address, from a given one or from what the kernel would take.
 *
 * struct rtmsg: family u8 @0, dst_len u8 @1, src_len u8 @2, the rest 0 as strict checking wants it.
 */
export function encodePathQuery(to: string, from?: string): Buffer {
  const [target, origin] = [encodeIp(to), from === undefined ? undefined : encodeIp(from)]
  const header = zeroed(headerLength)
  header.writeUInt8(familyOf(target), 0)
  header.writeUInt8(target.length * 8, 1)
  header.writeUInt8((origin?.length ?? 0) * 8, 2)
  return Buffer.concat([
    header,
    attribute(rta.destination, target),
    ...(origin === undefined ? [] : [attribute(rta.source, origin)]),
  ])
}

/** Decodes the body of the RTM_NEWROUTE that answers. Throws KernelError EBADMSG. */
export function decodePath(body: Buffer): PathAnswer {
  const attributes = decodeAttributes(atLeast(body, headerLength).subarray(headerLength))
  const source = attributes.get(rta.preferredSource)
  const mtu = decodeAttributes(attributes.get(rta.metrics) ?? empty).get(RTAX_MTU)
  return {
    index: readU32(attributes.get(rta.oif) ?? empty),
    ...(source === undefined ? {} : { source: decodeIp(source) }),
    ...(mtu === undefined ? {} : { mtu: readU32(mtu) }),
  }
}

const empty = Buffer.alloc(0)
