import type { VxlanTunnel } from '#kernel/link-plan.ts'
import type { Link } from '#kernel/port.ts'
import { type Attributes, attribute, decodeAttributes } from './attribute.ts'
import { decodeIp, encodeIp } from './ip.ts'
import { readU16be, readU32, u8, u16be, u32 } from './value.ts'

/** IFLA_VXLAN_* of linux/if_link.h. */
const vxlan = {
  id: 1,
  remote: 2,
  local: 4,
  ttl: 5,
  learning: 7,
  port: 15,
  remote6: 16,
  local6: 17,
  udpChecksum: 18,
  zeroChecksum6Tx: 19,
  zeroChecksum6Rx: 20,
  df: 29,
} as const
const VXLAN_DF_SET = 1
const ttl = 64

/**
 * The attributes of a VXLAN device. Checksums are on for both families, as in the kernel's default. Nothing is
 * learned: there is one remote, and who sends us a frame must not become the way to its MAC.
 */
export function encodeTunnel({ vni, local, remote, port }: VxlanTunnel): Buffer {
  const [from, to] = [encodeIp(local), encodeIp(remote)]
  const six = from.length === 16
  return Buffer.concat([
    attribute(vxlan.id, u32(vni)),
    attribute(six ? vxlan.local6 : vxlan.local, from),
    attribute(six ? vxlan.remote6 : vxlan.remote, to),
    attribute(vxlan.port, u16be(port)),
    attribute(vxlan.ttl, u8(ttl)),
    attribute(vxlan.learning, u8(0)),
    attribute(vxlan.udpChecksum, u8(1)),
    attribute(vxlan.zeroChecksum6Tx, u8(0)),
    attribute(vxlan.zeroChecksum6Rx, u8(0)),
    attribute(vxlan.df, u8(VXLAN_DF_SET)),
  ])
}

/** Reads them back: without a tunnel for a device that is none between two addresses. Throws KernelError EBADMSG. */
export function decodeTunnel(data: Buffer): Pick<Link, 'tunnel' | 'vxlanPort'> {
  const attributes = decodeAttributes(data)
  const local = addressOf(attributes, vxlan.local, vxlan.local6)
  const remote = addressOf(attributes, vxlan.remote, vxlan.remote6)
  const [vni, portBytes] = [attributes.get(vxlan.id), attributes.get(vxlan.port)]
  if (portBytes === undefined) return {}
  const port = readU16be(portBytes)
  if (local === undefined || remote === undefined || vni === undefined) return { vxlanPort: port }
  return { vxlanPort: port, tunnel: { vni: readU32(vni), local, remote, port } }
}

function addressOf(attributes: Attributes, ...types: readonly number[]): string | undefined {
  const bytes = types.map(type => attributes.get(type)).find(value => value !== undefined)
  return bytes === undefined ? undefined : decodeIp(bytes)
}
