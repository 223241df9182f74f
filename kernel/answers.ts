import type { Message } from './codec/message.ts'
import { decodeNeighbourState, nud } from './codec/probe.ts'
import { rtm } from './codec/rtnetlink.ts'
import { type WatchOptions, watchGroups } from './event-socket.ts'
import type { Nsids } from './nsid.ts'
import type { Answer } from './port.ts'

/**
 * Which neighbours answered, in every namespace that has an id in ours, from this call on until the signal aborts.
 * Throws KernelError EPERM without CAP_NET_BROADCAST.
 */
export function watchAnswers(
  nsids: Nsids,
  signal: AbortSignal,
  options: WatchOptions = {},
): AsyncIterable<Answer> {
  const decode = (message: Message, nsid: number | undefined) => toAnswers(message, nsid, nsids)
  const watch = { ...options, groups: [RTNLGRP_NEIGH], decode, lost: { type: 'resync' } } as const
  return watchGroups<Answer>(watch, signal)
}

function toAnswers({ type, body }: Message, nsid: number | undefined, nsids: Nsids): readonly Answer[] {
  const netns = nsid === undefined ? undefined : nsids.cookieOf(nsid)
  if (netns === undefined || type !== rtm.RTM_NEWNEIGH) return []
  const { index, state, address } = decodeNeighbourState(body)
  return state === nud.reachable && address !== undefined ? [{ type: 'answered', netns, index, address }] : []
}

const RTNLGRP_NEIGH = 3
