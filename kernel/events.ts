import { decodeLink } from './codec/link.ts'
import type { Message } from './codec/message.ts'
import { decodeNsid } from './codec/nsid.ts'
import { rtm } from './codec/rtnetlink.ts'
import { type WatchOptions, watchGroups } from './event-socket.ts'
import type { Nsids } from './nsid.ts'
import type { KernelEvent } from './port.ts'

/**
 * What happens to links in every namespace that has an id in ours, and the death of such namespaces, from this call
 * on until the signal aborts. Throws KernelError EPERM without CAP_NET_BROADCAST.
 */
export function watchEvents(
  nsids: Nsids,
  signal: AbortSignal,
  options: WatchOptions = {},
): AsyncIterable<KernelEvent> {
  const decode = (message: Message, nsid: number | undefined) => toEvents(message, nsid, nsids)
  const watch = {
    ...options,
    groups: [RTNLGRP_LINK, RTNLGRP_NSID],
    decode,
    lost: { type: 'resync' },
  } as const
  return watchGroups<KernelEvent>(watch, signal)
}

function toEvents(message: Message, nsid: number | undefined, nsids: Nsids): readonly KernelEvent[] {
  if (message.type === rtm.RTM_DELNSID) return deathOf(decodeNsid(message.body), nsids)
  const netns = nsid === undefined ? undefined : nsids.cookieOf(nsid)
  if (netns === undefined) return []
  switch (message.type) {
    case rtm.RTM_NEWLINK:
      return [{ type: 'link.changed', netns, link: decodeLink(message.body) }]
    case rtm.RTM_DELLINK:
      return [{ type: 'link.gone', netns, link: decodeLink(message.body) }]
    default:
      return []
  }
}

function deathOf(nsid: number | undefined, nsids: Nsids): readonly KernelEvent[] {
  const netns = nsid === undefined ? undefined : nsids.cookieOf(nsid)
  if (nsid === undefined || netns === undefined) return []
  nsids.forget(nsid)
  return [{ type: 'netns.gone', netns }]
}

const RTNLGRP_LINK = 1
const RTNLGRP_NSID = 28
