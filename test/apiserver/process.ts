import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A program of the cluster; it dies with the process that started it, and `await using` ends it. */
export interface Program extends AsyncDisposable {
  readonly pid: number
  /** The end of its log, for the message of a failure. */
  log(): string
  readonly hasEnded: () => boolean
}

/** Starts a program whose output goes to NAME.log in a folder. */
export function startProgram(folder: string, command: string, args: readonly string[]): Program {
  const path = join(folder, `${command.split('/').at(-1) ?? ''}.log`)
  const file = openSync(path, 'a')
  // Without setpriv a run that is killed itself would leave the control plane behind.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
    stdio: ['ignore', file, file],
    cwd: folder,
  })
  closeSync(file)
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  return {
    pid: child.pid ?? 0,
    hasEnded,
    log: () => readFileSync(path, 'utf8').split('\n').slice(-15).join('\n'),
    [Symbol.asyncDispose]: () => kill(child, hasEnded),
  }
}

async function kill(child: ChildProcess, hasEnded: () => boolean): Promise<void> {
  if (hasEnded()) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
