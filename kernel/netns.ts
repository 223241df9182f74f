/**
 * Network namespaces. A thread is switched only within one synchronous call: an `await` in between would let
 * unrelated callbacks run in the wrong namespace, so nothing here takes an async function.
 */
import { closeSync, fstatSync, openSync, writeFileSync } from 'node:fs'
import { KernelError } from './errors.ts'
import { setns, socket, unshareNet } from './libc.ts'
import type { NetnsName } from './link-plan.ts'
import { bindMount, removeMountPoint } from './mount.ts'
import { cookieOfSocket } from './peer.ts'

/** A network namespace that this process keeps alive until it disposes of it. */
export interface Netns extends NetnsName, Disposable {
  readonly cookie: bigint
  readonly inode: bigint
  /** A file that setns(2) takes, valid in this process until disposal. */
  readonly path: string
}

/** A namespace kept alive by a descriptor instead of a mount. */
export interface OpenNetns extends Netns {
  readonly fd: number
}

/** Anything that stands for a namespace by a file: a `Netns`, a bind mount, `/proc/PID/ns/net`. */
export interface NetnsFile {
  readonly path: string
}

/**
 * Makes a network namespace and binds it to a new file. Disposal unmounts and removes the file; the namespace
 * lives on while a process or socket is in it. Throws KernelError (EPERM without CAP_SYS_ADMIN), or Node's EEXIST
 * when the file exists.
 *
 * Equivalent to: `ip netns add NAME`
 */
export function createNetns(path: string): Netns {
  writeFileSync(path, '', { flag: 'wx', mode: 0o400 })
  const home = openSync(ownPath, 'r')
  try {
    unshareNet(`making a network namespace for ${path}`)
    try {
      bindMount(ownPath, path)
    } finally {
      goBack(home)
    }
    return { path, ...identityOf(path), [Symbol.dispose]: () => removeMountPoint(path) }
  } catch (cause) {
    removeMountPoint(path)
    throw cause
  } finally {
    closeSync(home)
  }
}

/** The namespace of this process (of the node, for a forwarder). */
export function nodeNetns(): NetnsName & NetnsFile {
  return { path: ownPath, ...identityOf(ownPath), pidHint: process.pid }
}

/** Names the namespace of a process. Throws Node's ENOENT when the process is gone, EACCES without SYS_PTRACE. */
export function netnsOf(pid: number): NetnsName & NetnsFile {
  const path = `/proc/${pid}/ns/net`
  return { path, ...identityOf(path), pidHint: pid }
}

/** Opens a namespace by file, which keeps it alive until disposal. Throws Node's error when the file cannot be opened. */
export function openNetnsFile(path: string): OpenNetns {
  const fd = openSync(path, 'r')
  try {
    const identity = identityOfOpen(fd, path)
    return { fd, path: `/proc/self/fd/${fd}`, ...identity, [Symbol.dispose]: once(() => closeSync(fd)) }
  } catch (cause) {
    closeSync(fd)
    throw cause
  }
}

/**
 * Runs a synchronous function with this thread inside a namespace; what it opens or spawns belongs to the
 * namespace for ever, the thread does not. A promise as result is refused at run time too.
 *
 * Equivalent to: `ip netns exec NAME …`
 */
export function inNetns<T>(
  netns: NetnsFile | Pick<OpenNetns, 'fd' | 'path'>,
  run: () => T extends PromiseLike<unknown> ? never : T,
): T {
  if ('fd' in netns) return inOpenNetns(netns.fd, netns.path, run)
  const fd = openSync(netns.path, 'r')
  try {
    return inOpenNetns(fd, netns.path, run)
  } finally {
    closeSync(fd)
  }
}

/** Refuses the namespace of the node itself: a pod with hostNetwork gets no interface. Throws KernelError EPERM. */
export function assertNotOwn(netns: NetnsName): void {
  own ??= nodeNetns().cookie
  if (netns.cookie !== own) return
  throw new KernelError(
    `using network namespace ${netns.cookie} as that of a pod: it is the node's own, so the pod probably has hostNetwork: true`,
    { errno: EPERM, syscall: 'setns' },
  )
}

function inOpenNetns<T>(fd: number, name: string, run: () => T): T {
  const from = (inside ??= home ??= openSync(ownPath, 'r'))
  setns(fd, `entering network namespace ${name}`)
  inside = fd
  try {
    const result = run()
    if (result instanceof Promise) throw new TypeError('inNetns takes synchronous functions only')
    return result
  } finally {
    goBack(from)
    inside = from
  }
}

/** The namespace we came from is open and we may enter it; if that ever fails, going on would harm the wrong pod. */
function goBack(from: number): void {
  try {
    setns(from, 'returning from another network namespace')
  } catch (cause) {
    process.stderr.write(`${String(cause)}\n`)
    process.abort()
  }
}

function identityOf(path: string): { readonly cookie: bigint; readonly inode: bigint } {
  const fd = openSync(path, 'r')
  try {
    return identityOfOpen(fd, path)
  } finally {
    closeSync(fd)
  }
}

function identityOfOpen(fd: number, name: string): { readonly cookie: bigint; readonly inode: bigint } {
  return { cookie: inOpenNetns(fd, name, ownCookie), inode: fstatSync(fd, { bigint: true }).ino }
}

function ownCookie(): bigint {
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  try {
    return cookieOfSocket(fd)
  } finally {
    closeSync(fd)
  }
}

function once(act: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    act()
  }
}

/** Read once: a process stays in its namespace. */
let own: bigint | undefined
/** Opened once, for the same reason: the way home from other namespaces. */
let home: number | undefined
/** The descriptor of the namespace that this thread is in; whoever switched keeps it open. */
let inside: number | undefined

const ownPath = '/proc/thread-self/ns/net'
const AF_UNIX = 1
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
const EPERM = 1
