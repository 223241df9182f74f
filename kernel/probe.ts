import { flag } from './codec/message.ts'
import {
  decodeNeighbourState,
  encodeNeighbourState,
  type NeighbourState,
  NTF_USE,
  nud,
} from './codec/probe.ts'
import { isKernelError } from './errors.ts'
import type { Place } from './place.ts'

/** What became of the wish to probe; `fixed` is an entry that needs no answer: permanent, or of a link without ARP. */
export type Probe = 'asked' | 'fixed'

/**
 * Lets the kernel ask a neighbour for a sign of life, by ARP or neighbour discovery, at once; `watchAnswers` hears of
 * it. The kernel sends the packet itself, so this needs no CAP_NET_RAW. Throws KernelError.
 *
 * | the entry is | so it is | because |
 * |---|---|---|
 * | known: REACHABLE, STALE, DELAY | set to PROBE | the kernel then asks the known MAC at once |
 * | PROBE: was not answered yet | set to STALE, then to PROBE | so that it asks now and not in a second |
 * | INCOMPLETE | left | the kernel is asking everybody |
 * | absent or FAILED | used, as by a packet | the kernel then begins to ask everybody |
 * | permanent, NOARP | left | it would be lost, and nobody needs to answer for it |
 */
export function probe({ socket, where }: Place, index: number, address: string): Probe {
  const doing = `probing neighbour ${address} of interface ${index} ${where}`
  const change = (flags: number, part: Partial<NeighbourState>) =>
    socket.change({
      name: 'RTM_NEWNEIGH',
      flags,
      body: encodeNeighbourState({ index, address, ...part }),
      doing,
    })
  const state = stateOf()
  if ((state & (nud.permanent | nud.noArp)) !== 0) return 'fixed'
  if (state === nud.incomplete) return 'asked'
  try {
    if (state === nud.probe) change(flag.replace, { state: nud.stale })
    if (state === nud.none || state === nud.failed) change(flag.create | flag.replace, { flags: NTF_USE })
    else change(flag.replace, { state: nud.probe })
  } catch (cause) {
    // The entry was collected or failed meanwhile.
    if (!isKernelError(cause, 'ENOENT', 'EINVAL')) throw cause
  }
  return 'asked'

  function stateOf(): number {
    try {
      const body = encodeNeighbourState({ index, address })
      return decodeNeighbourState(socket.get({ name: 'RTM_GETNEIGH', body, doing }).body).state
    } catch (cause) {
      if (isKernelError(cause, 'ENOENT')) return nud.none
      throw cause
    }
  }
}
