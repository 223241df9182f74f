/**
 * The system calls that we need and Node does not have. Sole importer of koffi. Each function throws a KernelError
 * whose message begins with `doing`. koffi has no ssize_t, so lengths are declared `long`.
 */
import koffi from 'koffi'
import { KernelError } from './errors.ts'

const libc = koffi.load(null)
const c = {
  socket: libc.func('int socket(int domain, int type, int protocol)'),
  bind: libc.func('int bind(int fd, const void *address, uint32_t length)'),
  send: libc.func('long send(int fd, const void *bytes, size_t length, int flags)'),
  recv: libc.func('long recv(int fd, void *bytes, size_t length, int flags)'),
  recvmsg: libc.func('long recvmsg(int fd, void *message, int flags)'),
  getsockopt: libc.func('int getsockopt(int fd, int level, int name, void *value, void *length)'),
  setsockopt: libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)'),
  setns: libc.func('int setns(int fd, int type)'),
  unshare: libc.func('int unshare(int flags)'),
  mount: libc.func('int mount(str source, str target, str type, ulong flags, str data)'),
  umount2: libc.func('int umount2(str target, int flags)'),
  capset: libc.func('int capset(const void *header, const void *sets)'),
  ioctl: libc.func('int ioctl(int fd, ulong request, void *value)'),
  ioctlNumber: libc.func('ioctl', 'int', ['int', 'ulong', 'ulong']),
  // Variadic in C, which costs nothing for integers.
  prctl: libc.func('int prctl(int option, ulong a, ulong b, ulong c, ulong d)'),
}

/** socket(2). */
export function socket(domain: number, type: number, protocol: number): number {
  return checked(c.socket(domain, type, protocol), 'socket', 'opening a socket')
}

/** bind(2) with a packed sockaddr. */
export function bind(fd: number, address: Uint8Array): void {
  checked(c.bind(fd, address, address.length), 'bind', 'binding a socket')
}

/** send(2); for a netlink socket the kernel does the work of the request before this returns. */
export function send(fd: number, bytes: Uint8Array): void {
  checked(c.send(fd, bytes, bytes.length, 0), 'send', 'sending a request to the kernel')
}

/**
 * send(2) on a thread of koffi's pool. The descriptor must stay open until the promise settles; a pending call
 * keeps the process from exiting. At most 256 calls may be pending.
 */
export function sendOnThread(fd: number, bytes: Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  c.send.async(fd, bytes, bytes.length, 0, (failure: unknown, sent: number) => {
    // The errno of another thread cannot be read here; netlink reports refusals in its answer, not by send.
    if (failure !== null || sent !== bytes.length) {
      reject(
        new KernelError(
          'sending a request to the kernel',
          { errno: EIO, syscall: 'send' },
          { cause: failure },
        ),
      )
    } else resolve()
  })
  return promise
}

/** recv(2) into `bytes`; the length, or undefined when nothing waits (MSG_DONTWAIT). */
export function recv(fd: number, bytes: Uint8Array, flags: number): number | undefined {
  const length: number = c.recv(fd, bytes, bytes.length, flags)
  if (length < 0 && koffi.errno() === EAGAIN) return undefined
  return checked(length, 'recv', 'reading an answer of the kernel')
}

/** Buffers of a recvmsg(2) call, made once and used for many. */
export interface MessageBuffers {
  readonly header: Buffer
  readonly bytes: Buffer
  readonly control: Buffer
  /** Address of the sender, a packed sockaddr. */
  readonly sender: Buffer
  /** Kept because the header holds raw addresses only: what nobody references is collected. */
  readonly vector: Buffer
}

/**
 * Buffers for `recvmsg`, of `size` bytes.
 *
 * struct msghdr (64-bit): name ptr @0, namelen u32 @8, iov ptr @16, iovlen u64 @24, control ptr @32,
 * controllen u64 @40, flags i32 @48; 56 bytes. struct iovec: base ptr @0, len u64 @8.
 */
export function messageBuffers(size: number): MessageBuffers {
  const bytes = Buffer.alloc(size)
  const control = Buffer.alloc(64)
  const sender = Buffer.alloc(32)
  const vector = Buffer.alloc(16)
  vector.writeBigUInt64LE(koffi.address(bytes), 0)
  vector.writeBigUInt64LE(BigInt(bytes.length), 8)
  const header = Buffer.alloc(56)
  header.writeBigUInt64LE(koffi.address(sender), 0)
  header.writeBigUInt64LE(koffi.address(vector), 16)
  header.writeBigUInt64LE(1n, 24)
  header.writeBigUInt64LE(koffi.address(control), 32)
  return { header, bytes, control, sender, vector }
}

/** recvmsg(2) with ancillary data; undefined when nothing waits (MSG_DONTWAIT). `length` is that of the whole message with MSG_TRUNC. */
export function recvmsg(
  fd: number,
  buffers: MessageBuffers,
  flags: number,
): { readonly bytes: Buffer; readonly control: Buffer; readonly length: number } | undefined {
  buffers.header.writeUInt32LE(buffers.sender.length, 8)
  buffers.header.writeBigUInt64LE(BigInt(buffers.control.length), 40)
  const length: number = c.recvmsg(fd, buffers.header, flags)
  if (length < 0 && koffi.errno() === EAGAIN) return undefined
  checked(length, 'recvmsg', 'reading an event of the kernel')
  const controlLength = Number(buffers.header.readBigUInt64LE(40))
  return {
    bytes: buffers.bytes.subarray(0, length),
    control: buffers.control.subarray(0, controlLength),
    length,
  }
}

/** getsockopt(2) of an option of `size` bytes. */
export function getsockopt(
  fd: number,
  { level, name, size }: { readonly level: number; readonly name: number; readonly size: number },
): Buffer {
  const value = Buffer.alloc(size)
  const length = Uint32Array.of(size)
  checked(c.getsockopt(fd, level, name, value, length), 'getsockopt', `reading option ${name} of a socket`)
  return value.subarray(0, length[0])
}

/** setsockopt(2) of an integer option. */
export function setsockopt(
  fd: number,
  { level, name, value }: { readonly level: number; readonly name: number; readonly value: number },
): void {
  const bytes = Int32Array.of(value)
  checked(c.setsockopt(fd, level, name, bytes, 4), 'setsockopt', `setting option ${name} of a socket`)
}

/** setns(2): moves the calling thread, and nothing else, into a network namespace. */
export function setns(fd: number, doing: string): void {
  checked(c.setns(fd, CLONE_NEWNET), 'setns', doing)
}

/** unshare(2): gives the calling thread a new network namespace. */
export function unshareNet(doing: string): void {
  checked(c.unshare(CLONE_NEWNET), 'unshare', doing)
}

/** Arguments of mount(2); what is absent is passed as null or 0. */
export interface MountArguments {
  readonly source: string
  readonly target: string
  readonly type?: string
  readonly flags?: number
  readonly data?: string
}

/** A request of ioctl(2); `name` is that in the C headers. */
export interface DeviceRequest<T> {
  readonly request: number
  readonly value: T
  readonly name: string
  readonly doing: string
}

/** ioctl(2) with a structure. */
export function ioctl(fd: number, { request, value, name, doing }: DeviceRequest<Uint8Array>): void {
  checked(c.ioctl(fd, request, value), name, doing)
}

/** ioctl(2) with a number. */
export function ioctlNumber(fd: number, { request, value, name, doing }: DeviceRequest<number>): void {
  checked(c.ioctlNumber(fd, request, value), name, doing)
}

/** mount(2). */
export function mount({ source, target, type, flags = 0, data }: MountArguments): void {
  const doing = `mounting ${source} at ${target}`
  checked(c.mount(source, target, type ?? null, flags, data ?? null), 'mount', doing)
}

/** umount2(2). */
export function umount2(target: string, flags: number): void {
  checked(c.umount2(target, flags), 'umount2', `unmounting ${target}`)
}

/** capset(2): sets the capabilities of the calling thread, and of no other. */
export function capset(header: Uint8Array, sets: Uint8Array): void {
  checked(c.capset(header, sets), 'capset', 'limiting the capabilities of this thread')
}

/** prctl(2) of the calling thread; what `values` leaves out is 0. */
export function prctl(option: number, values: readonly number[], doing: string): number {
  const [a = 0, b = 0] = values
  return checked(c.prctl(option, a, b, 0, 0), 'prctl', doing)
}

/**
 * Calls back whenever a descriptor is readable or has an error to report, by libuv's epoll; the descriptor must stay
 * open until `stop` was called.
 */
export function onReadable(fd: number, callback: () => void): { readonly stop: () => void } {
  const listener = (status: unknown) => {
    // koffi calls outside of Node's callback scope, where promises would wait for the next event of somebody else.
    setImmediate(() => {
      if (!polls.has(handle)) return
      // libuv stops after an error, such as the ENOBUFS of a socket that overflowed.
      if (typeof status === 'number' && status < 0) handle.start({ readable: true }, listener)
      callback()
    })
  }
  const handle = koffi.node.poll(fd, { readable: true }, listener)
  polls.add(handle)
  const stop = () => {
    if (polls.delete(handle)) handle.close()
  }
  return { stop }
}

/** Keeps the handles that are in use from being collected, which would close them. */
const polls = new Set<ReturnType<typeof koffi.node.poll>>()

function checked(result: number, syscall: string, doing: string): number {
  if (result >= 0) return result
  throw new KernelError(doing, { errno: koffi.errno(), syscall })
}

const CLONE_NEWNET = 0x40000000
const EIO = 5
const EAGAIN = 11
