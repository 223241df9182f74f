import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { NsmError } from '#sdk/errors.ts'

/** A forwarder that this command has started. */
export interface Program extends AsyncDisposable {
  /** Kills it, as kill -9 does, and starts it again; resolves when it serves. */
  readonly restart: () => Promise<void>
}

/** Starts a forwarder and waits until it serves its socket. Fails with BAD_USAGE when it ends or does not serve in time. */
export async function startProgram(argv: readonly string[], socket: string): Promise<Program> {
  const start = async (): Promise<ChildProcess> => {
    const [file = '', ...args] = argv
    // What it says goes where errors go: standard output is for the results.
    const child = spawn(file, args, { stdio: ['ignore', 2, 2] })
    child.on('error', () => {}) // told below, as the end of the process
    await untilServing(child, socket)
    return child
  }
  let child = await start()
  return {
    async restart() {
      await killed(child)
      child = await start()
    },
    [Symbol.asyncDispose]: () => killed(child),
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

/** Nothing tells of a socket that begins to listen but that it takes a connection. */
async function untilServing(child: ChildProcess, socket: string): Promise<void> {
  const late = AbortSignal.timeout(startMs)
  while (!(await accepts(socket))) {
    const ended = child.exitCode !== null || child.signalCode !== null || child.pid === undefined
    if (!ended && !late.aborted) {
      await delay(20)
      continue
    }
    await killed(child)
    const why = ended ? 'it has ended' : `it does not listen after ${startMs} ms`
    throw new NsmError(
      'BAD_USAGE',
      `starting ${child.spawnfile} to serve ${socket}: ${why}; see what it has printed, and check the path`,
    )
  }
}

async function accepts(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false // not there yet
  } finally {
    socket.destroy()
  }
}

const startMs = 15_000
