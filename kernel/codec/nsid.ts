import { attribute, decodeAttributes } from './attribute.ts'
import { atLeast, i32, readI32, zeroed } from './value.ts'

const netnsa = { nsid: 1, fd: 3 } as const
/** struct rtgenmsg: family u8 @0; attributes start at 4. */
const headerLength = 4
const NETNSA_NSID_NOT_ASSIGNED = -1

/** Asks which id the namespace of an open descriptor has. */
export function encodeNsidQuery(fd: number): Buffer {
  return Buffer.concat([zeroed(headerLength), attribute(netnsa.fd, i32(fd))])
}

/** Gives the namespace of an open descriptor the next free id. */
export function encodeNsid(fd: number): Buffer {
  return Buffer.concat([encodeNsidQuery(fd), attribute(netnsa.nsid, i32(NETNSA_NSID_NOT_ASSIGNED))])
}

/** Decodes RTM_NEWNSID and RTM_DELNSID; undefined when the namespace has no id. Throws KernelError EBADMSG. */
export function decodeNsid(body: Buffer): number | undefined {
  const attributes = decodeAttributes(atLeast(body, headerLength).subarray(headerLength))
  const nsid = readI32(attributes.get(netnsa.nsid) ?? i32(NETNSA_NSID_NOT_ASSIGNED))
  return nsid === NETNSA_NSID_NOT_ASSIGNED ? undefined : nsid
}
