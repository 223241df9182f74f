import {
  decodeAddress,
  decodeAddressIndex,
  encodeAddress,
  encodeAddressDump,
  encodeAddressKey,
} from './codec/address.ts'
import { flag } from './codec/message.ts'
import { isKernelError } from './errors.ts'
import type { Place } from './place.ts'
import type { AddressVerbs } from './port.ts'

/** The verbs of addresses in one namespace. */
export function addressVerbs({ socket, where }: Place): AddressVerbs {
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
      socket.change({ name: 'RTM_NEWADDR', flags: flag.create | flag.replace, body, doing })
    },

    remove(index, cidr) {
      const doing = `removing address ${cidr} from interface ${index} ${where}`
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
