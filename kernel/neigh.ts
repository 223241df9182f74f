import { flag } from './codec/message.ts'
import {
  decodeNeighbour,
  encodeNeighbour,
  encodeNeighbourDump,
  encodeNeighbourKey,
} from './codec/neighbour.ts'
import { isKernelError } from './errors.ts'
import type { Place } from './place.ts'
import type { NeighbourVerbs } from './port.ts'
import { probe } from './probe.ts'

/** The verbs of permanent neighbour entries in one namespace. */
export function neighbourVerbs(place: Place): NeighbourVerbs {
  const { socket, where } = place
  return {
    list(index) {
      const doing = `listing neighbours of interface ${index} ${where}`
      return socket
        .dump({ name: 'RTM_GETNEIGH', body: encodeNeighbourDump(index), doing })
        .map(({ body }) => decodeNeighbour(body))
        .filter(neighbour => neighbour !== undefined)
    },

    probe: (index, address) => probe(place, index, address),

    add(index, neighbour) {
      const doing = `adding neighbour ${neighbour.address} ${neighbour.mac} to interface ${index} ${where}`
      const body = encodeNeighbour(index, neighbour)
      socket.change({ name: 'RTM_NEWNEIGH', flags: flag.create | flag.replace, body, doing })
    },

    remove(index, neighbour) {
      const doing = `removing neighbour ${neighbour.address} from interface ${index} ${where}`
      try {
        socket.change({ name: 'RTM_DELNEIGH', body: encodeNeighbourKey(index, neighbour), doing })
      } catch (cause) {
        if (!isKernelError(cause, 'ENOENT', 'ENODEV')) throw cause
      }
    },
  }
}
