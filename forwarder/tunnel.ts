import type { VxlanTunnel, WireguardTunnel } from '#kernel/link-plan.ts'
import type { Role } from '#kernel/tag.ts'
import { parameter } from '#sdk/wire/mechanism.ts'
import { type Ip, isAssignable, isLinkLocal, parseIp } from './cidr.ts'
import type { Keys } from './keys.ts'
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
  const { local, remote } = addressesIn(parameters, here, doing)
  const vni = numberIn(parameters, parameter.vni, { doing, ...vniBounds })
  if (vni === undefined) throw badInput(doing, `its parameter ${parameter.vni} is missing`)
  return {
    tunnel: { vni, local, remote, port: portIn(parameters, doing) },
    ...mtuIn(parameters, doing),
  }
}

function mtuIn(parameters: Parameters, doing: string): { readonly mtu?: number } {
  const mtu = numberIn(parameters, parameter.mtu, { doing, least: 68, most: 65_535 })
  return mtu === undefined ? {} : { mtu }
}

/** The addresses of both nodes, canonical. */
function addressesIn(
  parameters: Parameters,
  here: Role,
  doing: string,
): { readonly local: string; readonly remote: string } {
  const source = addressIn(parameters, parameter.srcIp, doing)
  const destination = addressIn(parameters, parameter.dstIp, doing)
  if (source.family !== destination.family)
    throw badInput(doing, `its addresses ${source.text} and ${destination.text} are of different families`)
  if (source.text === destination.text)
    throw badInput(doing, `both its nodes have the address ${source.text}; a tunnel joins two`)
  const [local, remote] = here === 'src' ? [source, destination] : [destination, source]
  return { local: local.text, remote: remote.text }
}

/** A tunnel of WireGuard that was checked. */
export interface WireguardWish {
  readonly tunnel: WireguardTunnel
  readonly mtu?: number
}

/** As `tunnelOf`, of WireGuard: each node has a port and a key, whose secret half `keys` has. Throws BAD_INPUT. */
export function wireguardOf(
  parameters: Parameters,
  { role, keys }: { readonly role: Role; readonly keys: Pick<Keys, 'of'> },
  doing: string,
): WireguardWish {
  const { local, remote } = addressesIn(parameters, role, doing)
  const [own, other] = role === 'src' ? (['src', 'dst'] as const) : (['dst', 'src'] as const)
  const publicKey = keyIn(parameters, publicKeys[own], doing)
  const key = keys.of(publicKey)
  if (key === undefined) {
    throw badInput(
      doing,
      `its parameter ${publicKeys[own]} is ${quoted(publicKey)}, a key that this forwarder does not have; agree on the tunnel anew`,
    )
  }
  const tunnel = {
    local,
    remote,
    port: ownPortIn(parameters, ports[own], doing),
    remotePort: ownPortIn(parameters, ports[other], doing),
    key,
    peerKey: keyIn(parameters, publicKeys[other], doing),
  }
  return { tunnel, ...mtuIn(parameters, doing) }
}

const ports = { src: parameter.srcPort, dst: parameter.dstPort } as const
const publicKeys = { src: parameter.srcPublicKey, dst: parameter.dstPublicKey } as const

function ownPortIn(parameters: Parameters, key: string, doing: string): number {
  const port = numberIn(parameters, key, { doing, ...portBounds })
  if (port === undefined) throw badInput(doing, `its parameter ${key} is missing`)
  return port
}

function keyIn(parameters: Parameters, key: string, doing: string): string {
  const text = parameters[key] ?? ''
  if (/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/.test(text)) return text
  throw badInput(doing, `its parameter ${key} is ${quoted(text)}; expected 32 bytes in base64`)
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
