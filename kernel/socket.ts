import { closeSync, fstatSync, openSync } from 'node:fs'
import { decodeAck } from './codec/ack.ts'
import { answerFlag, decodeMessages, encodeMessage, flag, type Message, nlmsg } from './codec/message.ts'
import { type RequestName, rtm } from './codec/rtnetlink.ts'
import { malformed } from './codec/value.ts'
import { KernelError } from './errors.ts'
import { recv, send, sendOnThread, setsockopt, socket } from './libc.ts'
import { inNetns, type NetnsFile, type OpenNetns } from './netns.ts'
import { cookieOfSocket } from './peer.ts'

/** One request to the kernel; `doing` begins the message of an error. */
export interface Request {
  readonly name: RequestName
  /** Message type; default that of rtnetlink by the name. */
  readonly type?: number
  readonly body: Buffer
  /** Of `flag`, beside those that the method sets. */
  readonly flags?: number
  readonly doing: string
}

/** Told of each request before the kernel gets it. */
export type Sent = (request: RequestName) => void

/**
 * A netlink socket. It belongs for ever to the namespace that it was opened in and keeps that alive, so dispose
 * of it soon. The kernel does the work within send(2), so requests are answered synchronously; only deletions,
 * which wait for RCU, go to a thread.
 */
export class NetlinkSocket implements Disposable {
  readonly #fd: number
  readonly #sent: Sent | undefined
  #sequence = 0
  #open = true

  /** Opens a socket in the namespace that the thread is in. Throws KernelError. */
  constructor(sent?: Sent, protocol: keyof typeof protocols = 'route') {
    this.#sent = sent
    this.#fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocols[protocol])
    try {
      for (const name of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) {
        setsockopt(this.#fd, { level: SOL_NETLINK, name, value: 1 })
      }
    } catch (cause) {
      closeSync(this.#fd)
      throw cause
    }
  }

  /** SO_NETNS_COOKIE of the namespace that it belongs to. */
  get cookie(): bigint {
    return cookieOfSocket(this.#fd)
  }

  /** Asks for a change. Throws KernelError. */
  change(request: Request): void {
    this.#answers(request, this.#send(request, flag.ack))
  }

  /**
   * Asks for changes, one after the other, on a thread: for what the kernel lets wait. Nothing else may be asked meanwhile.
   * Answers what the kernel refused of each, undefined being success; a refusal does not keep it from the next.
   */
  async changesOnThread(requests: readonly Request[]): Promise<readonly (KernelError | undefined)[]> {
    const sent = requests.map(request => ({ request, sequence: ++this.#sequence }))
    for (const { name } of requests) this.#sent?.(name)
    const frames = sent.map(({ request, sequence }) => frame(request, flag.ack, sequence))
    await sendOnThread(this.#fd, Buffer.concat(frames))
    return sent.map(({ request, sequence }) => this.#refusal(request, sequence))
  }

  /** Asks for something to be made; what was made, or undefined when the kernel is too old to tell. Throws KernelError. */
  make(request: Request): Message | undefined {
    return this.#answers(request, this.#send(request, flag.ack | flag.echo))[0]
  }

  /** Asks for one object. Throws KernelError. */
  get(request: Request): Message {
    const [message] = this.#answers(request, this.#send(request, flag.ack))
    if (message === undefined) throw malformed(`no object in the answer to ${request.name}`)
    return message
  }

  /** Asks for all objects; asks again when they changed meanwhile. Throws KernelError. */
  dump(request: Request): readonly Message[] {
    for (let attempt = 1; ; attempt++) {
      const messages = this.#answers(request, this.#send(request, flag.dump))
      if (attempt === dumpAttempts || !messages.some(interrupted)) return messages
    }
  }

  [Symbol.dispose](): void {
    if (!this.#open) return
    this.#open = false
    closeSync(this.#fd)
  }

  #send(request: Request, flags: number): number {
    const sequence = ++this.#sequence
    this.#sent?.(request.name)
    send(this.#fd, frame(request, flags, sequence))
    return sequence
  }

  #refusal(request: Request, sequence: number): KernelError | undefined {
    try {
      this.#answers(request, sequence)
      return undefined
    } catch (cause) {
      if (cause instanceof KernelError && cause.syscall === request.name) return cause
      throw cause
    }
  }

  /** What came before the acknowledgement or the end of the dump. */
  #answers(request: Request, sequence: number): readonly Message[] {
    const answers: Message[] = []
    for (;;) {
      for (const message of this.#receive(request)) {
        if (message.sequence !== sequence) continue
        if (message.type !== nlmsg.error && message.type !== nlmsg.done) {
          answers.push(message)
          continue
        }
        const ack = decodeAck(message)
        if (ack.errno === 0) return answers
        throw new KernelError(request.doing, { ...ack, syscall: request.name })
      }
    }
  }

  #receive(request: Request): readonly Message[] {
    const length = recv(this.#fd, receiveBuffer, MSG_DONTWAIT | MSG_TRUNC)
    if (length === undefined) throw malformed(`no answer to ${request.name}`)
    if (length > receiveBuffer.length)
      throw malformed(`an answer of ${length} bytes to ${request.name} is too long`)
    return decodeMessages(Buffer.from(receiveBuffer.subarray(0, length)))
  }
}

/** A namespace with a socket in it; disposing closes both. */
export interface NetnsSocket extends OpenNetns {
  readonly socket: NetlinkSocket
}

/** Opens a namespace and a socket in it, with one visit. Throws Node's error when the file cannot be opened. */
export function openNetnsSocket(path: string, sent?: Sent): NetnsSocket {
  using undo = new DisposableStack()
  const fd = openSync(path, 'r')
  undo.defer(() => closeSync(fd))
  const file = { fd, path: `/proc/self/fd/${fd}` }
  const opened = undo.use(openSocketIn(file, sent))
  const { cookie } = opened
  const inode = fstatSync(fd, { bigint: true }).ino
  const held = undo.move()
  return { ...file, cookie, inode, socket: opened, [Symbol.dispose]: () => held.dispose() }
}

/** Opens a socket in a namespace, from where it works however this thread is switched later. */
export function openSocketIn(netns: NetnsFile | Pick<OpenNetns, 'fd' | 'path'>, sent?: Sent): NetlinkSocket {
  return inNetns(netns, () => new NetlinkSocket(sent))
}

function frame(request: Request, more: number, sequence: number): Buffer {
  const { name, body, flags = 0 } = request
  const type = request.type ?? types[name]
  if (type === undefined) throw malformed(`${name} has no type without its family`)
  return encodeMessage({ type, flags: flag.request | flags | more, sequence, body })
}

function interrupted(message: Message): boolean {
  return (message.flags & answerFlag.dumpInterrupted) !== 0
}

/** Shared by all sockets: each answer is copied out of it before the next call. The kernel sends at most 32 KiB. */
const receiveBuffer = Buffer.alloc(65536)
const dumpAttempts = 5
const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0o2000000
const types: Readonly<Partial<Record<RequestName, number>>> = rtm
/** NETLINK_ROUTE and NETLINK_GENERIC. */
const protocols = { route: 0, generic: 16 } as const
const SOL_NETLINK = 270
const NETLINK_CAP_ACK = 10
const NETLINK_EXT_ACK = 11
const NETLINK_GET_STRICT_CHK = 12
const MSG_TRUNC = 0x20
const MSG_DONTWAIT = 0x40
