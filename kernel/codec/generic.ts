/** Generic netlink (linux/genetlink.h), by which modules that are not of the network's core are asked. */
import { attribute, decodeAttributes } from './attribute.ts'
import { atLeast, malformed, text } from './value.ts'

const headerLength = 4
const CTRL_CMD_GETFAMILY = 3
const ctrl = { familyId: 1, familyName: 2 } as const

/** Message type of the controller, which knows those of the others. */
export const GENL_ID_CTRL = 0x10

/** struct genlmsghdr: cmd u8 @0, version u8 @1, reserved u16 @2; then attributes. */
export function encodeGeneric(command: number, ...attributes: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(command, 1, 0, 0), ...attributes])
}

/** The attributes of a generic message. Throws KernelError EBADMSG. */
export function genericAttributes(body: Buffer): ReturnType<typeof decodeAttributes> {
  return decodeAttributes(atLeast(body, headerLength).subarray(headerLength))
}

/** Asks for the message type of a family, such as `wireguard`; ENOENT when the kernel has none. */
export function encodeFamilyQuery(name: string): Buffer {
  return encodeGeneric(CTRL_CMD_GETFAMILY, attribute(ctrl.familyName, text(name)))
}

/** Decodes the answer. Throws KernelError EBADMSG. */
export function decodeFamily(body: Buffer): number {
  const id = genericAttributes(body).get(ctrl.familyId)
  if (id === undefined) throw malformed('a family without a number')
  return atLeast(id, 2).readUInt16LE()
}
