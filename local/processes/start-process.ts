import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { inNetns, type NetnsFile } from '#kernel/netns.ts'

/** What to run, and where. */
export interface Command {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** The network namespace to run in; by default our own. */
  readonly netns?: NetnsFile
  /** Default `/`. */
  readonly cwd?: string
}

/** How a process ended, as a shell tells it: 128 + n for signal n, 127 when it could not be started. */
export interface Exit {
  readonly code: number
  /** Why it could not be started. */
  readonly problem?: string
}

/** A running process and its process group. */
export interface Process {
  readonly child: ChildProcess
  /** Settles when the process has ended, what it left of its group was killed, and its output has arrived. */
  readonly exit: Promise<Exit>
  /** Sends a signal to the whole group; one that is gone is no error. */
  signal(name: NodeJS.Signals | number): void
}

/** Starts a process in a session of its own, its standard streams being pipes. A failure to start is told by `exit`. */
export function startProcess({ argv, env, netns, cwd = '/' }: Command): Process {
  const [file = '', ...args] = argv
  const begin = () => spawn(file, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
  const child = netns === undefined ? begin() : inNetns(netns, begin)
  // A process that ends without reading its input is no error of ours.
  child.stdin.on('error', () => {})
  const signal = (name: NodeJS.Signals | number) => signalGroup(child.pid, name)
  return { child, exit: exitOf(child, file), signal }
}

/** Asks a process to end, and makes it end after the time of grace in milliseconds. */
export async function endProcess(process: Process, graceMs: number): Promise<Exit> {
  process.signal('SIGTERM')
  const kill = setTimeout(() => process.signal('SIGKILL'), graceMs)
  try {
    return await process.exit
  } finally {
    clearTimeout(kill)
  }
}

async function exitOf(child: ChildProcess, file: string): Promise<Exit> {
  const closed = once(child, 'close').catch(() => [])
  try {
    const [code, signal]: (number | NodeJS.Signals | null)[] = await once(child, 'exit')
    signalGroup(child.pid, 'SIGKILL')
    // Somebody who left the group may hold the pipes open; what the process itself wrote arrives at once.
    await Promise.race([closed, once(AbortSignal.timeout(200), 'abort')])
    return { code: typeof code === 'number' ? code : 128 + signalNumber(signal) }
  } catch (cause) {
    return { code: 127, problem: `${file} cannot be run on this machine: ${reasonOf(cause)}` }
  }
}

function signalGroup(pid: number | undefined, name: NodeJS.Signals | number): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, name)
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH')) throw cause
  }
}

function signalNumber(signal: unknown): number {
  return Object.entries(constants.signals).find(([name]) => name === signal)?.[1] ?? 0
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return 'code' in cause && cause.code === 'ENOENT' ? 'no such program' : cause.message
}
