import { readdirSync, readFileSync, statSync } from 'node:fs'
import { KernelError } from './errors.ts'
import type { NetnsName } from './link-plan.ts'
import { type OpenNetns, openNetnsFile } from './netns.ts'

/**
 * Opens the namespace that a name means: by the pid hint, where it was found last, else by a scan of /proc and of bind-mounted namespaces,
 * always trusting the cookie alone because pids and inodes are reused. Disposal closes it; until then it stays alive.
 *
 * Throws KernelError ENOENT when no process and no mount has that namespace: it is gone.
 */
export function openNetns(name: NetnsName): OpenNetns {
  return openNetnsBy(name, openNetnsFile)
}

/** As `openNetns`, by a function that opens a file of a namespace, which may be another namespace than the one meant. */
export function openNetnsBy<T extends OpenNetns>(name: NetnsName, open: (path: string) => T): T {
  for (const path of candidates(name)) {
    const netns = openIfSame(name.cookie, () => open(path))
    if (netns === undefined) continue
    remember(name, path)
    return netns
  }
  lastFound.delete(name.cookie)
  throw new KernelError(
    `looking for network namespace ${name.cookie}${hintsOf(name)}: no process and no mount has it, so the pod is gone`,
    { errno: ENOENT, syscall: 'open' },
  )
}

/** One file for each distinct network namespace that a process or a bind mount keeps alive and that we may see. */
export function netnsFiles(): readonly string[] {
  return [...distinctFiles()].map(({ path }) => path)
}

/** Cheapest first. */
function* candidates(name: NetnsName): Generator<string> {
  if (name.pidHint !== undefined) yield hintedPath(name.pidHint)
  const last = lastFound.get(name.cookie)
  if (last !== undefined) yield last
  for (const { path, inode } of distinctFiles()) {
    if (name.inode === undefined || name.inode === inode) yield path
  }
}

/** The hint of a client that has exited, as init containers do, would cost a scan each time. */
function remember({ cookie, pidHint }: NetnsName, path: string): void {
  if (pidHint !== undefined && path === hintedPath(pidHint)) return
  lastFound.delete(cookie)
  lastFound.set(cookie, path)
  const [oldest] = lastFound.keys()
  if (lastFound.size > mostFound && oldest !== undefined) lastFound.delete(oldest)
}

function hintedPath(pid: number): string {
  return `/proc/${pid}/ns/net`
}

/** Mounts before processes, of which a node has thousands. */
function* distinctFiles(): Generator<{ readonly path: string; readonly inode: bigint }> {
  const seen = new Set<bigint>()
  for (const path of filesInOrder()) {
    const inode = inodeOf(path)
    if (inode === undefined || seen.has(inode)) continue
    seen.add(inode)
    yield { path, inode }
  }
}

function* filesInOrder(): Generator<string> {
  yield* mountedFiles()
  for (const entry of readdirSync('/proc')) {
    if (/^\d+$/.test(entry)) yield `/proc/${entry}/ns/net`
  }
}

/** proc_pid_mountinfo(5): mount id, parent, device, root, mount point, options, optional fields, `-`, type, … */
function mountedFiles(): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => line.split(' '))
    .filter(fields => fields[3]?.startsWith('net:['))
    .flatMap(fields => (fields[4] === undefined ? [] : [unescaped(fields[4])]))
}

/** mountinfo writes space, tab, newline and backslash as three octal digits. */
function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

/** Undefined for a process that has ended meanwhile or that we may not look into. */
function inodeOf(path: string): bigint | undefined {
  return unlessUnreachable(() => statSync(path, { bigint: true }).ino)
}

function openIfSame<T extends OpenNetns>(cookie: bigint, open: () => T): T | undefined {
  const netns = unlessUnreachable(open)
  if (netns === undefined || netns.cookie === cookie) return netns
  netns[Symbol.dispose]()
  return undefined
}

function unlessUnreachable<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && unreachable.has(cause.code)) return undefined
    throw cause
  }
}

function hintsOf(name: NetnsName): string {
  const hints = [
    ...(name.pidHint === undefined ? [] : [`pid ${name.pidHint}`]),
    ...(name.inode === undefined ? [] : [`inode ${name.inode}`]),
  ]
  return hints.length === 0 ? '' : ` (last seen: ${hints.join(', ')})`
}

/** By cookie; no more than a hint either. */
const lastFound = new Map<bigint, string>()
const mostFound = 10_000

/** ENOTDIR, EINVAL: a mount point hidden by another mount. EPERM: setns into another user namespace. */
const unreachable: ReadonlySet<unknown> = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR', 'EINVAL'])
const ENOENT = 2
