import { decodeFamily, encodeFamilyQuery, GENL_ID_CTRL } from './codec/generic.ts'
import type { GenericName } from './codec/rtnetlink.ts'
import { decodeWireguard, encodeWireguard, encodeWireguardQuery } from './codec/wireguard.ts'
import { KernelError } from './errors.ts'
import type { WireguardPlan } from './link-plan.ts'
import { inNetns } from './netns.ts'
import type { Place } from './place.ts'
import { SecretKey } from './secret-key.ts'
import { NetlinkSocket } from './socket.ts'

/** What a device has; undefined when it lacks a key, a peer or the peer's address. Throws KernelError. */
export function getWireguard(place: Place, index: number): WireguardPlan | undefined {
  const doing = `looking at WireGuard device ${index} ${place.where}`
  using family = openFamily(place, doing)
  const answers = family.socket
    .dump(family.request('WG_CMD_GET_DEVICE', encodeWireguardQuery(index)))
    .map(({ body }) => decodeWireguard(body))
  const { privateKey, port } = answers[0] ?? {}
  const [peer, ...others] = answers.flatMap(({ peers }) => peers)
  if (privateKey === undefined || port === undefined || others.length > 0) return undefined
  const { publicKey, address, port: remotePort } = peer ?? {}
  if (publicKey === undefined || address === undefined || remotePort === undefined) return undefined
  return {
    key: new SecretKey(privateKey),
    port,
    peer: { publicKey: publicKey.toString('base64'), address, port: remotePort },
  }
}

/** Gives a device key, port and its one peer, in one message. Throws KernelError. */
export function setWireguard(place: Place, index: number, { key, port, peer }: WireguardPlan): void {
  const doing = `setting WireGuard device ${index} ${place.where} to port ${port} and peer ${peer.address}`
  using family = openFamily(place, doing)
  const body = encodeWireguard(index, {
    privateKey: key.bytes(),
    port,
    peer: { ...peer, publicKey: Buffer.from(peer.publicKey, 'base64') },
  })
  family.socket.change(family.request('WG_CMD_SET_DEVICE', body))
}

/** A socket in the namespace of the device, and requests of the family. Throws KernelError EOPNOTSUPP when the kernel has no WireGuard. */
function openFamily({ netns, sent }: Place, doing: string) {
  const socket = inNetns(netns, () => new NetlinkSocket(sent, 'generic'))
  try {
    const type = familyOf(socket, doing)
    const request = (name: GenericName, body: Buffer) => ({ name, type, body, doing })
    return { socket, request, [Symbol.dispose]: () => socket[Symbol.dispose]() }
  } catch (cause) {
    socket[Symbol.dispose]()
    throw cause
  }
}

function familyOf(socket: NetlinkSocket, doing: string): number {
  try {
    const body = encodeFamilyQuery('wireguard')
    return decodeFamily(socket.get({ name: 'CTRL_CMD_GETFAMILY', type: GENL_ID_CTRL, body, doing }).body)
  } catch (cause) {
    if (!(cause instanceof KernelError) || cause.code !== 'ENOENT') throw cause
    const why = `${doing}: this kernel has no WireGuard; load its module (modprobe wireguard)`
    throw new KernelError(why, { errno: EOPNOTSUPP, syscall: cause.syscall }, { cause })
  }
}

const EOPNOTSUPP = 95
