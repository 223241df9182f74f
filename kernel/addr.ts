import {
  decodeAddress,
  decodeAddressIndex,
  encodeAddress,
  encodeAddressDump,
  encodeAddressKey,
} from './codec/address.ts'
import { decodeLink, encodeLinkIndex } from './codec/link.ts'
import { flag } from './codec/message.ts'
import { isKernelError, KernelError } from './errors.ts'
import type { Place } from './place.ts'
import type { AddressVerbs } from './port.ts'
import type { Request } from './socket.ts'
import { writeSysctl } from './sysctl.ts'

/** The verbs of addresses in one namespace. */
export function addressVerbs(place: Place): AddressVerbs {
  const { socket, where } = place
  return {
    list(index) {
      const doing = `listing addresses of interface ${index} ${where}`
      return socket
        .dump({ name: 'RTM_GETADDR', body: encodeAddressDump(index), doing })
        .map(({ body }) => decodeAddress(body))
    },

    listAll() {
      const doing = `listing addresses ${where}`
      return socket
        .dump({ name: 'RTM_GETADDR', body: encodeAddressDump(everyLink), doing })
        .map(({ body }) => ({ ...decodeAddress(body), index: decodeAddressIndex(body) }))
    },

    add(index, cidr) {
      const doing = `adding address ${cidr} to interface ${index} ${where}`
      const body = encodeAddress(index, cidr)
      const request: Request = { name: 'RTM_NEWADDR', flags: flag.create | flag.replace, body, doing }
      try {
        socket.change(request)
      } catch (cause) {
        if (!isKernelError(cause, 'EACCES') || !cidr.includes(':')) throw cause
        enableIpv6(place, index, doing)
        socket.change(request)
      }
    },

    remove(index, cidr) {
      const doing = `removing address ${cidr} from interface ${index} ${where}`
      if (!cidr.includes(':')) keepSecondaries(place, index, doing)
      try {
        socket.change({ name: 'RTM_DELADDR', body: encodeAddressKey(index, cidr), doing })
      } catch (cause) {
        if (!isKernelError(cause, 'EADDRNOTAVAIL', 'ENODEV')) throw cause
      }
    },
  }
}

/** As an index, none. */
const everyLink = 0

/** Without it, an address of IPv4 takes along all later ones of its network, whoever added them. */
function keepSecondaries(place: Place, index: number, doing: string): void {
  const link = unlessGone(() => nameOf(place, index, doing))
  if (link !== undefined) writeSysctl(place, link, { family: 'ipv4', key: 'promote_secondaries', value: '1' })
}

/** A pod may have IPv6 off by default; who asks for an IPv6 address on an interface of ours wants it on there. */
function enableIpv6(place: Place, index: number, doing: string): void {
  const name = nameOf(place, index, doing)
  if (writeSysctl(place, name, { family: 'ipv6', key: 'disable_ipv6', value: '0' }) === 'yes') return
  throw new KernelError(
    `${doing}: IPv6 is off there (net.ipv6.conf.${name}.disable_ipv6) and cannot be turned on, because ${place.proc}/sys is read-only; mount the host's procfs and name it in NSM_PROC`,
    { errno: EACCES, syscall: 'RTM_NEWADDR' },
  )
}

function nameOf({ socket }: Place, index: number, doing: string): string {
  return decodeLink(socket.get({ name: 'RTM_GETLINK', body: encodeLinkIndex(index), doing }).body).name
}

function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (cause) {
    if (isKernelError(cause, 'ENODEV')) return undefined
    throw cause
  }
}

const EACCES = 13
