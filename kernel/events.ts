import { closeSync } from 'node:fs'
import { decodeLink } from './codec/link.ts'
import { decodeMessages, type Message } from './codec/message.ts'
import { decodeNsid } from './codec/nsid.ts'
import { rtm } from './codec/rtnetlink.ts'
import { isKernelError } from './errors.ts'
import { EventQueue } from './event-queue.ts'
import { bind, messageBuffers, onReadable, recvmsg, setsockopt, socket } from './libc.ts'
import type { Nsids } from './nsid.ts'
import type { KernelEvent } from './port.ts'

export interface WatchOptions {
  /** Bytes of events that may wait, default 4 MiB; the kernel caps it at net.core.rmem_max. */
  readonly receiveBuffer?: number
}

/**
 * What happens to links in every namespace that has an id in ours, and the death of such namespaces, from this call
 * on until the signal aborts. Waits in libuv's epoll, so it costs neither a thread nor polling.
 * Throws KernelError EPERM without CAP_NET_BROADCAST.
 */
export function watchEvents(
  nsids: Nsids,
  signal: AbortSignal,
  options: WatchOptions = {},
): AsyncIterable<KernelEvent> {
  signal.throwIfAborted()
  const fd = openEventSocket(options)
  const queue = new EventQueue<KernelEvent>(signal)
  const readable = onReadable(fd, () => {
    try {
      queue.push(...drain(fd, nsids))
    } catch (cause) {
      queue.fail(cause)
    }
  })
  const stop = () => {
    readable.stop()
    closeSync(fd)
  }
  signal.addEventListener('abort', stop, { once: true })
  return queue
}

function openEventSocket({ receiveBuffer = 4 << 20 }: WatchOptions): number {
  const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)
  try {
    setsockopt(fd, { level: SOL_SOCKET, name: SO_RCVBUF, value: receiveBuffer })
    setsockopt(fd, { level: SOL_NETLINK, name: NETLINK_LISTEN_ALL_NSID, value: 1 })
    bind(fd, groupAddress(groupBit(RTNLGRP_LINK) | groupBit(RTNLGRP_NSID)))
    return fd
  } catch (cause) {
    closeSync(fd)
    throw cause
  }
}

/** All events that wait. When the socket overflowed, the kernel says ENOBUFS once. */
function drain(fd: number, nsids: Nsids): readonly KernelEvent[] {
  const events: KernelEvent[] = []
  for (;;) {
    try {
      const received = recvmsg(fd, buffers, MSG_DONTWAIT)
      if (received === undefined) return events
      const nsid = nsidOf(received.control)
      events.push(...decodeMessages(received.bytes).flatMap(message => toEvents(message, nsid, nsids)))
    } catch (cause) {
      if (!isKernelError(cause, 'ENOBUFS')) throw cause
      events.push({ type: 'resync' })
    }
  }
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

/** struct cmsghdr (64-bit): len u64 @0, level i32 @8, type i32 @12, data @16. Absent: an event of our own namespace. */
function nsidOf(control: Buffer): number | undefined {
  if (control.length < 20 || control.readInt32LE(8) !== SOL_NETLINK) return undefined
  return control.readInt32LE(12) === NETLINK_LISTEN_ALL_NSID ? control.readInt32LE(16) : undefined
}

/** struct sockaddr_nl: family u16 @0, pid u32 @4 (0: the kernel chooses), groups u32 @8. */
function groupAddress(groups: number): Buffer {
  const address = Buffer.alloc(12)
  address.writeUInt16LE(AF_NETLINK, 0)
  address.writeUInt32LE(groups, 8)
  return address
}

function groupBit(group: number): number {
  return 1 << (group - 1)
}

const buffers = messageBuffers(65536)
const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const NETLINK_ROUTE = 0
const SOL_SOCKET = 1
const SO_RCVBUF = 8
const SOL_NETLINK = 270
const NETLINK_LISTEN_ALL_NSID = 8
const RTNLGRP_LINK = 1
const RTNLGRP_NSID = 28
const MSG_DONTWAIT = 0x40
