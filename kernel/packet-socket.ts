import { closeSync } from 'node:fs'
import { EventQueue } from './event-queue.ts'
import { bind, getsockopt, messageBuffers, onReadable, recvmsg, setsockopt, socket } from './libc.ts'
import { inNetns, type NetnsFile, type OpenNetns } from './netns.ts'

/** A frame as it passed an interface. */
export interface CapturedFrame {
  /** The first bytes of it, at most 256. */
  readonly bytes: Buffer
  /** Bytes of the whole. */
  readonly length: number
  /** Nanoseconds since 1970, by the kernel's clock. */
  readonly time: bigint
  readonly direction: 'received' | 'sent'
  /** How it begins: with an Ethernet header, or without any before IP. */
  readonly framing: 'ethernet' | 'ip'
}

/** The frames of one interface, from its opening on. Disposing ends it. */
export interface PacketSocket extends Disposable {
  readonly frames: AsyncIterable<CapturedFrame>
  /** Frames since the last call that the socket had no room for. */
  dropped(): number
}

/**
 * Listens to an interface of a namespace (packet(7)); frames that nobody reads in time are dropped and counted. Waits in
 * libuv's epoll. Throws KernelError EPERM without CAP_NET_RAW. Equivalent to: `tcpdump -i INDEX -s 256`
 */
export function openPacketSocket(
  netns: NetnsFile | OpenNetns,
  { index, most }: { readonly index: number; readonly most: number },
): PacketSocket {
  const stop = new AbortController()
  // Protocol 0 until it is bound, so that no frame of another interface gets in.
  const fd = inNetns(netns, () => socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))
  try {
    setsockopt(fd, { level: SOL_SOCKET, name: SO_TIMESTAMPNS, value: 1 })
    setsockopt(fd, { level: SOL_SOCKET, name: SO_RCVBUF, value: 1 << 20 })
    bind(fd, addressOf(index))
  } catch (cause) {
    closeSync(fd)
    throw cause
  }
  const queue = new EventQueue<CapturedFrame>(stop.signal)
  let left = most
  const readable = onReadable(fd, () => {
    try {
      const frames = read(fd, left)
      left -= frames.length
      queue.push(...frames)
      if (left === 0) readable.stop()
    } catch (cause) {
      readable.stop()
      queue.fail(cause)
    }
  })
  return {
    frames: queue,
    dropped: () => getsockopt(fd, { level: SOL_PACKET, name: PACKET_STATISTICS, size: 8 }).readUInt32LE(4),
    [Symbol.dispose]() {
      if (stop.signal.aborted) return
      stop.abort()
      readable.stop()
      closeSync(fd)
    },
  }
}

function read(fd: number, most: number): readonly CapturedFrame[] {
  const frames: CapturedFrame[] = []
  while (frames.length < most) {
    const received = recvmsg(fd, buffers, MSG_DONTWAIT | MSG_TRUNC)
    if (received === undefined) return frames
    const { length, bytes, control } = received
    frames.push({ bytes: Buffer.from(bytes), length, time: timeOf(control), ...senderOf(buffers.sender) })
  }
  return frames
}

/** struct sockaddr_ll: hatype u16 @8, pkttype u8 @10. */
function senderOf(sender: Buffer): Pick<CapturedFrame, 'direction' | 'framing'> {
  return {
    direction: sender.readUInt8(10) === PACKET_OUTGOING ? 'sent' : 'received',
    framing: sender.readUInt16LE(8) === ARPHRD_ETHER ? 'ethernet' : 'ip',
  }
}

/** struct cmsghdr as in event-socket.ts, with a struct timespec: seconds i64 @16, nanoseconds i64 @24. */
function timeOf(control: Buffer): bigint {
  if (control.length < 32) return BigInt(Date.now()) * 1_000_000n
  return control.readBigInt64LE(16) * 1_000_000_000n + control.readBigInt64LE(24)
}

/** struct sockaddr_ll: family u16 @0, protocol u16 @2 in network byte order, ifindex i32 @4. */
function addressOf(index: number): Buffer {
  const address = Buffer.alloc(20)
  address.writeUInt16LE(AF_PACKET, 0)
  address.writeUInt16BE(ETH_P_ALL, 2)
  address.writeInt32LE(index, 4)
  return address
}

const buffers = messageBuffers(256)
const AF_PACKET = 17
const SOCK_RAW = 3
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const ETH_P_ALL = 3
const SOL_SOCKET = 1
const SO_RCVBUF = 8
const SO_TIMESTAMPNS = 35
const SOL_PACKET = 263
const PACKET_STATISTICS = 6
const PACKET_OUTGOING = 4
const ARPHRD_ETHER = 1
const MSG_TRUNC = 0x20
const MSG_DONTWAIT = 0x40
