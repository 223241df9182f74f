import type { PortRange } from '#kernel/link-plan.ts'
import type { Origin, Rule, RuleValue } from '#kernel/port.ts'
import { type Attributes, attribute, decodeAttributes } from './attribute.ts'
import { decodeIp, encodePrefix, family, networkOf } from './ip.ts'
import { ourProtocol } from './rtnetlink.ts'
import { atLeast, readU8, readU32, u8, u32, zeroed } from './value.ts'

const headerLength = 12
const fra = {
  source: 2,
  priority: 6,
  suppressGroup: 13,
  table: 15,
  protocol: 21,
  ipProtocol: 22,
  sourcePorts: 23,
  destinationPorts: 24,
} as const
const FR_ACT_TO_TBL = 1
const RTPROT_KERNEL = 2

/**
 * A rule marked as ours (FRA_PROTOCOL, Linux 4.17), with its owner in FRA_SUPPRESS_IFGROUP: a rule has no field for a
 * name, and this one has no effect as long as no interface is in a group of that number.
 */
export function encodeRule(rule: RuleValue): Buffer {
  const source = rule.from === undefined ? undefined : networkOf(encodePrefix(rule.from))
  return Buffer.concat([
    header({ ...rule, sourceLength: source?.length ?? 0 }),
    ...(source === undefined || source.length === 0 ? [] : [attribute(fra.source, source.bytes)]),
    attribute(fra.priority, u32(rule.priority)),
    attribute(fra.suppressGroup, u32(rule.owner)),
    attribute(fra.table, u32(rule.table)),
    attribute(fra.protocol, u8(ourProtocol)),
    ...(rule.protocol === undefined ? [] : [attribute(fra.ipProtocol, u8(rule.protocol))]),
    ...ports(fra.sourcePorts, rule.sourcePorts),
    ...ports(fra.destinationPorts, rule.destinationPorts),
  ])
}

/** Asks for the rules of all families. */
export function encodeRuleDump(): Buffer {
  return zeroed(headerLength)
}

/** Decodes the body of RTM_NEWRULE; undefined for a family that is not IP's own, as multicast routing has one. Throws KernelError EBADMSG. */
export function decodeRule(body: Buffer): Rule | undefined {
  const attributes = decodeAttributes(atLeast(body, headerLength).subarray(headerLength))
  const number = body.readUInt8(0)
  if (number !== family.ipv4 && number !== family.ipv6) return undefined
  const table = attributes.get(fra.table)
  const origin = originOf(attributes)
  return {
    family: number === family.ipv4 ? 'ipv4' : 'ipv6',
    ...sourceOf(attributes, body.readUInt8(2)),
    ...protocolOf(attributes),
    ...portsOf('sourcePorts', attributes.get(fra.sourcePorts)),
    ...portsOf('destinationPorts', attributes.get(fra.destinationPorts)),
    table: table === undefined ? body.readUInt8(4) : readU32(table),
    priority: readU32(attributes.get(fra.priority) ?? zero),
    owner: origin === 'ours' ? readU32(attributes.get(fra.suppressGroup) ?? zero) : 0,
    origin,
  }
}

interface Header extends Pick<RuleValue, 'family' | 'table'> {
  readonly sourceLength: number
}

/**
 * struct fib_rule_hdr (linux/fib_rules.h): family u8 @0, dst_len u8 @1, src_len u8 @2, tos u8 @3, table u8 @4 (0 for
 * a number that needs FRA_TABLE), action u8 @7, flags u32 @8.
 */
function header({ family: of, table, sourceLength }: Header): Buffer {
  const bytes = zeroed(headerLength)
  bytes.writeUInt8(family[of], 0)
  bytes.writeUInt8(sourceLength, 2)
  bytes.writeUInt8(table < 256 ? table : 0, 4)
  bytes.writeUInt8(FR_ACT_TO_TBL, 7)
  return bytes
}

/** struct fib_rule_port_range: start u16 @0, end u16 @2, in host order. */
function ports(type: number, range: PortRange | undefined): readonly Buffer[] {
  if (range === undefined) return []
  const bytes = zeroed(4)
  bytes.writeUInt16LE(range.first, 0)
  bytes.writeUInt16LE(range.last, 2)
  return [attribute(type, bytes)]
}

function portsOf<K extends string>(
  key: K,
  bytes: Buffer | undefined,
): { readonly [P in K]?: PortRange } | object {
  if (bytes === undefined) return {}
  return { [key]: { first: atLeast(bytes, 4).readUInt16LE(0), last: bytes.readUInt16LE(2) } }
}

function sourceOf(attributes: Attributes, length: number): { readonly from?: string } {
  const bytes = attributes.get(fra.source)
  return bytes === undefined ? {} : { from: `${decodeIp(bytes)}/${length}` }
}

function protocolOf(attributes: Attributes): { readonly protocol?: number } {
  const bytes = attributes.get(fra.ipProtocol)
  return bytes === undefined ? {} : { protocol: readU8(bytes) }
}

/** The rules for the tables local, main and default are the kernel's own. */
function originOf(attributes: Attributes): Origin {
  const protocol = readU8(attributes.get(fra.protocol) ?? zero)
  if (protocol === ourProtocol && attributes.has(fra.suppressGroup)) return 'ours'
  return protocol === RTPROT_KERNEL ? 'kernel' : 'foreign'
}

const zero = Buffer.alloc(4)
