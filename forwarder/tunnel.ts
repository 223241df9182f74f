import type { VxlanTunnel } from '#kernel/link-plan.ts'
import type { Role } from '#kernel/tag.ts'
import { parameter } from '#sdk/wire/mechanism.ts'
import { type Ip, isAssignable, isLinkLocal, parseIp } from './cidr.ts'
import { badInput, quoted } from './refuse.ts'

/** UDP port of VXLAN when nobody says another: 4789 and 8472 belong to CNIs. */
export const defaultVxlanPort = 14_789

/** A tunnel that was checked. */
export interface TunnelWish {
  readonly tunnel: VxlanTunnel
  /** Bytes that both nodes can carry in one piece; absent when they did not say. */
  readonly mtu?: number
}

/** What a remote mechanism says; values are text from outside. */
export type Parameters = Readonly<Record<string, string>>

/**
 * Reads the tunnel that two managers agreed on, from the side of the pod that is here: `src_…` is the node of the
 * client, `dst_…` that of the endpoint. `doing` begins the messages. Throws BAD_INPUT.
 */
export function tunnelOf(parameters: Parameters, here: Role, doing: string): TunnelWish {
  const source = addressIn(parameters, parameter.srcIp, doing)
  const destination = addressIn(parameters, parameter.dstIp, doing)
  if (source.family !== destination.family)
    throw badInput(doing, `its addresses ${source.text} and ${destination.text} are of different families`)
  if (source.text === destination.text)
    throw badInput(doing, `both its nodes have the address ${source.text}; a tunnel joins two`)
  const [local, remote] = here === 'src' ? [source, destination] : [destination, source]
  const vni = numberIn(parameters, parameter.vni, { doing, ...vniBounds })
  if (vni === undefined) throw badInput(doing, `its parameter ${parameter.vni} is missing`)
  const mtu = numberIn(parameters, parameter.mtu, { doing, least: 68, most: 65_535 })
  return {
    tunnel: { vni, local: local.text, remote: remote.text, port: portIn(parameters, doing) },
    ...(mtu === undefined ? {} : { mtu }),
  }
}

/** A VXLAN device of Linux sends to the port that it listens on. */
function portIn(parameters: Parameters, doing: string): number {
  const source = numberIn(parameters, parameter.srcPort, { doing, ...portBounds })
  const destination = numberIn(parameters, parameter.dstPort, { doing, ...portBounds })
  if (source !== undefined && destination !== undefined && source !== destination) {
    throw badInput(
      doing,
      `its ports ${source} and ${destination} differ, and a VXLAN device of Linux has one; set NSM_VXLAN_PORT of both forwarders to the same`,
    )
  }
  return destination ?? source ?? defaultVxlanPort
}

function addressIn(parameters: Parameters, key: string, doing: string): Ip {
  const text = parameters[key] ?? ''
  const ip = parseIp(text)
  if (ip !== undefined && isAssignable(ip) && !isLinkLocal(ip)) return ip
  throw badInput(doing, `its parameter ${key} is ${quoted(text)}; expected a unicast address like 192.0.2.1`)
}

interface Bounds {
  readonly doing: string
  readonly least: number
  readonly most: number
}

/** Undefined when it is not there. */
function numberIn(parameters: Parameters, key: string, { doing, least, most }: Bounds): number | undefined {
  const text = parameters[key] ?? ''
  if (text === '') return undefined
  const value = /^[0-9]{1,8}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw badInput(doing, `its parameter ${key} is ${quoted(text)}; expected a number from ${least} to ${most}`)
}

/** 24 bits (RFC 7348); 0 is refused because others take it for nothing. */
const vniBounds = { least: 1, most: 0xff_ffff }
const portBounds = { least: 1, most: 65_535 }
