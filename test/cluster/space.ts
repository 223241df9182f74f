import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process namespace, with others around it, that lasts as long as its first process; any process may end it. */
export interface Space {
  /** Of its first process, as this process sees it. */
  readonly pid: number
}

/** What a command left. */
export interface Done {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Reaps whatever ends in the namespace, as the first process must. */
const forever = 'echo ready; sleep infinity & wait'

/** The namespace that holds a whole cluster: it dies with the process that made it, and everything in it dies with it. */
export async function startMachine(): Promise<Space & AsyncDisposable> {
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'unshare', '--pid', '--fork', '--kill-child', 'sh', '-c', forever],
    // Killed, it says something about signals that means nothing.
    { stdio: ['ignore', 'pipe', 'ignore'], detached: true },
  )
  await once(child.stdout, 'data')
  const pid = firstChild(child.pid ?? 0)
  return {
    pid,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit')
      process.kill(pid, 'SIGKILL')
      await ended
    },
  }
}

/** What a space begins with. */
export interface SpaceOptions {
  readonly machine: Space
  /** Shell commands that its first process runs before it is ready. */
  readonly script: string
  /** Where its complaints go. */
  readonly log: string
}

/** Makes a space with its own network, mounts, processes and host name inside the machine. Throws when the script fails. */
export async function startSpace({ machine, script, log }: SpaceOptions): Promise<Space> {
  await using file = await open(log, 'a')
  const unshare = ['unshare', '--net', '--mount', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc']
  const child = spawn(
    'nsenter',
    ['--target', String(machine.pid), '--pid', ...unshare, 'sh', '-ec', `${script}\n${forever}`],
    { stdio: ['ignore', 'pipe', file.fd], detached: true },
  )
  const { stdout } = child
  if (stdout === null) throw new Error('nsenter has no output')
  if (!(await Promise.race([once(stdout, 'data').then(() => true), endOf(child)])))
    throw new Error(`a node does not start: ${readFileSync(log, 'utf8')}`)
  stdout.destroy()
  child.unref()
  return { pid: firstChild(firstChild(child.pid ?? 0)) }
}

async function endOf(child: ChildProcess): Promise<false> {
  await once(child, 'exit')
  return false
}

/** Kills everything in a space at once; resolves when all is gone. */
export async function endSpace({ pid }: Space): Promise<void> {
  if (!existsSync(`/proc/${pid}`)) return
  process.kill(pid, 'SIGKILL')
  // It is nobody's child here, so nobody says when it is gone.
  while (existsSync(`/proc/${pid}`)) await sleep(20)
}

/** The command line that runs something in a space. */
export function within({ pid }: Space, command: readonly string[]): readonly [string, readonly string[]] {
  return ['nsenter', ['--target', String(pid), '--net', '--mount', '--uts', '--pid', ...command]]
}

/** Runs a command in a space, or with `undefined` outside; never throws for its exit code. */
export async function run(space: Space | undefined, command: readonly string[], input = ''): Promise<Done> {
  const [file, args] = space === undefined ? [command[0] ?? '', command.slice(1)] : within(space, command)
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code, stdout, stderr }
}

/** As `run`, but throws an Error with what was said when the command fails. */
export async function must(space: Space | undefined, command: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(space, command)
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${String(code)}: ${stderr}${stdout}`)
  return stdout
}

/** A program that runs in a space until it is stopped or the space ends; whoever started it may end before. */
export interface Daemon {
  readonly space: Space
  /** Its log is `<folder>/<name>.log`, its process number in the space `<folder>/<name>.pid`. */
  readonly folder: string
  readonly name: string
}

/** Starts one. */
export async function startDaemon(daemon: Daemon, command: readonly string[]): Promise<void> {
  await using log = await open(join(daemon.folder, `${daemon.name}.log`), 'a')
  const pidFile = join(daemon.folder, `${daemon.name}.pid`)
  const [file, args] = within(daemon.space, ['sh', '-c', 'echo $$ >"$0"; exec "$@"', pidFile, ...command])
  const env = { PATH: process.env['PATH'] ?? '', HOME: daemon.folder }
  const child = spawn(file, args, { stdio: ['ignore', log.fd, log.fd], detached: true, env })
  await once(child, 'spawn')
  child.unref()
}

const stopping =
  'kill -s "$1" "$(cat "$0")" || exit 0; while kill -0 "$(cat "$0")" 2>/dev/null; do sleep 0.05; done'

/** Ends one with a signal; resolves when it is gone. */
export async function stopDaemon({ space, folder, name }: Daemon, signal: 'TERM' | 'KILL'): Promise<void> {
  await run(space, ['sh', '-c', stopping, join(folder, `${name}.pid`), signal])
}

function firstChild(pid: number): number {
  const [first = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
  if (first === '') throw new Error(`process ${pid} has no child`)
  return Number(first)
}
