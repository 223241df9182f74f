import { type Attributes, attribute, decodeAttributes, nested } from './attribute.ts'
import { encodeGeneric, genericAttributes } from './generic.ts'
import { decodeIp, encodeIp, family } from './ip.ts'
import { atLeast, malformed, readU16, u8, u16, u32 } from './value.ts'

/** What a device has, of linux/wireguard.h; keys are 32 bytes. */
export interface WireguardDevice {
  readonly privateKey: Buffer
  /** UDP port. */
  readonly port: number
  readonly peer: WireguardPeer
}

/** The only peer of a device of ours. */
export interface WireguardPeer {
  readonly publicKey: Buffer
  readonly address: string
  readonly port: number
}

/** What the kernel says of a device; what is absent, it does not have. */
export interface WireguardAnswer {
  readonly privateKey?: Buffer
  readonly publicKey?: Buffer
  readonly port?: number
  readonly peers: readonly Partial<WireguardPeer>[]
}

const command = { getDevice: 0, setDevice: 1 } as const
const device = {
  ifindex: 1,
  privateKey: 3,
  publicKey: 4,
  flags: 5,
  listenPort: 6,
  peers: 8,
} as const
const peer = { publicKey: 1, flags: 3, endpoint: 4, keepalive: 5, allowedIps: 9 } as const
const allowed = { family: 1, address: 2, length: 3 } as const
const WGDEVICE_F_REPLACE_PEERS = 1
const WGPEER_F_REPLACE_ALLOWEDIPS = 2

/** Seconds; keeps the way open through what forgets idle flows. */
const keepaliveSeconds = 25

/** Asks for one device (WG_CMD_GET_DEVICE, a dump); with the private key, which only NET_ADMIN gets. */
export function encodeWireguardQuery(index: number): Buffer {
  return encodeGeneric(command.getDevice, attribute(device.ifindex, u32(index)))
}

/**
 * Sets key, port and the one peer of a device, to whom all addresses belong: which packets the pod sends, its routes
 * decide (WG_CMD_SET_DEVICE).
 */
export function encodeWireguard(index: number, { privateKey, port, peer: to }: WireguardDevice): Buffer {
  return encodeGeneric(
    command.setDevice,
    attribute(device.ifindex, u32(index)),
    attribute(device.privateKey, privateKey),
    attribute(device.listenPort, u16(port)),
    attribute(device.flags, u32(WGDEVICE_F_REPLACE_PEERS)),
    nested(
      device.peers,
      nested(
        0,
        attribute(peer.publicKey, to.publicKey),
        attribute(peer.flags, u32(WGPEER_F_REPLACE_ALLOWEDIPS)),
        attribute(peer.endpoint, encodeEndpoint(to.address, to.port)),
        attribute(peer.keepalive, u16(keepaliveSeconds)),
        nested(peer.allowedIps, everything(0, family.ipv4, 4), everything(1, family.ipv6, 16)),
      ),
    ),
  )
}

/** Decodes one message of the answer; peers of a device that has many may come in several. Throws KernelError EBADMSG. */
export function decodeWireguard(body: Buffer): WireguardAnswer {
  const attributes = genericAttributes(body)
  const peers = attributes.get(device.peers)
  const port = attributes.get(device.listenPort)
  return {
    ...key('privateKey', attributes, device.privateKey),
    ...key('publicKey', attributes, device.publicKey),
    ...(port === undefined ? {} : { port: readU16(port) }),
    peers: peers === undefined ? [] : [...decodeAttributes(peers).values()].map(decodePeer),
  }
}

function decodePeer(bytes: Buffer): Partial<WireguardPeer> {
  const attributes = decodeAttributes(bytes)
  const endpoint = attributes.get(peer.endpoint)
  return {
    ...key('publicKey', attributes, peer.publicKey),
    ...(endpoint === undefined ? {} : decodeEndpoint(endpoint)),
  }
}

function key<K extends string>(
  name: K,
  attributes: Attributes,
  type: number,
): { readonly [P in K]?: Buffer } | object {
  const bytes = attributes.get(type)
  return bytes === undefined ? {} : { [name]: Buffer.from(atLeast(bytes, 32)) }
}

/** 0.0.0.0/0 or ::/0. */
function everything(at: number, of: number, length: number): Buffer {
  return nested(
    at,
    attribute(allowed.family, u16(of)),
    attribute(allowed.address, Buffer.alloc(length)),
    attribute(allowed.length, u8(0)),
  )
}

/**
 * struct sockaddr_in: family u16 @0, port u16 big-endian @2, address @4; 16 bytes. struct sockaddr_in6: family u16 @0, port
 * u16 big-endian @2, flow u32 @4, address @8, scope u32 @24; 28 bytes.
 */
function encodeEndpoint(address: string, port: number): Buffer {
  const ip = encodeIp(address)
  const six = ip.length === 16
  const bytes = Buffer.alloc(six ? 28 : 16)
  bytes.writeUInt16LE(six ? family.ipv6 : family.ipv4, 0)
  bytes.writeUInt16BE(port, 2)
  ip.copy(bytes, six ? 8 : 4)
  return bytes
}

function decodeEndpoint(bytes: Buffer): Pick<WireguardPeer, 'address' | 'port'> {
  const of = atLeast(bytes, 16).readUInt16LE(0)
  const port = bytes.readUInt16BE(2)
  if (of === family.ipv4) return { address: decodeIp(bytes.subarray(4, 8)), port }
  if (of !== family.ipv6) throw malformed(`an endpoint of address family ${of}`)
  return { address: decodeIp(atLeast(bytes, 28).subarray(8, 24)), port }
}
