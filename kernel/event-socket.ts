import { closeSync } from 'node:fs'
import { decodeMessages, type Message } from './codec/message.ts'
import { isKernelError } from './errors.ts'
import { EventQueue } from './event-queue.ts'
import { bind, messageBuffers, onReadable, recvmsg, setsockopt, socket } from './libc.ts'

/** How events are received. */
export interface WatchOptions {
  /** Bytes of events that may wait, default 4 MiB; the kernel caps it at net.core.rmem_max. */
  readonly receiveBuffer?: number
}

/** What to listen to, and what it means. */
export interface Watch<T> extends WatchOptions {
  /** RTNLGRP_* of linux/rtnetlink.h. */
  readonly groups: readonly number[]
  /** The events of a message from the namespace with an id; undefined is our own namespace. */
  readonly decode: (message: Message, nsid: number | undefined) => readonly T[]
  /** The event of events that were lost, because the socket overflowed. */
  readonly lost: T
}

/**
 * Multicast messages of the kernel from all namespaces with an id in ours, from this call on until the signal aborts.
 * Waits in libuv's epoll, so it costs neither a thread nor polling. Throws KernelError EPERM without CAP_NET_BROADCAST.
 */
export function watchGroups<T>(watch: Watch<T>, signal: AbortSignal): AsyncIterable<T> {
  signal.throwIfAborted()
  const fd = openEventSocket(watch)
  const queue = new EventQueue<T>(signal)
  const readable = onReadable(fd, () => {
    try {
      queue.push(...drain(fd, watch))
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

function openEventSocket<T>({ receiveBuffer = 4 << 20, groups }: Watch<T>): number {
  const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)
  try {
    setsockopt(fd, { level: SOL_SOCKET, name: SO_RCVBUF, value: receiveBuffer })
    setsockopt(fd, { level: SOL_NETLINK, name: NETLINK_LISTEN_ALL_NSID, value: 1 })
    bind(fd, groupAddress(groups.reduce((bits, group) => bits | (1 << (group - 1)), 0)))
    return fd
  } catch (cause) {
    closeSync(fd)
    throw cause
  }
}

/** All events that wait. When the socket overflowed, the kernel says ENOBUFS once. */
function drain<T>(fd: number, { decode, lost }: Watch<T>): readonly T[] {
  const events: T[] = []
  for (;;) {
    try {
      const received = recvmsg(fd, buffers, MSG_DONTWAIT)
      if (received === undefined) return events
      const nsid = nsidOf(received.control)
      events.push(...decodeMessages(received.bytes).flatMap(message => decode(message, nsid)))
    } catch (cause) {
      if (!isKernelError(cause, 'ENOBUFS')) throw cause
      events.push(lost)
    }
  }
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
const MSG_DONTWAIT = 0x40
