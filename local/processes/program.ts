import { setTimeout as delay } from 'node:timers/promises'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { Output } from './output.ts'
import { type Command, type Exit, endProcess, type Process, startProcess } from './start-process.ts'

/** A program of the mesh itself. */
export interface ProgramOptions extends Command {
  /** `manager/node-1`. */
  readonly name: string
  readonly log: Log
  /** Called each time that the program was started again. */
  readonly restarted?: () => void
}

/** Milliseconds before the first restart; doubled for each further one, up to the limit. */
const backOff = { first: 100, limit: 5000 }
/** A program that ran this long has not failed to start. */
const healthyMs = 10_000
const graceMs = 2000
const startMs = 30_000

/** Keeps one of our programs running: it is started again when it ends, ever later while it keeps failing. */
export class Program implements AsyncDisposable {
  readonly name: string
  readonly output = new Output()
  readonly #options: ProgramOptions
  readonly #stop = new AbortController()
  readonly #life: Promise<void>
  #exit: Promise<Exit> | undefined
  #process: Process | undefined

  constructor(options: ProgramOptions) {
    this.name = options.name
    this.#options = options
    this.#life = this.#run()
  }

  /**
   * Waits until `probe` succeeds, asking again while it fails. Throws INTERNAL with the program's last words when the
   * program ends first, DEADLINE after half a minute.
   */
  async ready(probe: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const signal = AbortSignal.timeout(startMs)
    await Promise.race([succeeds(probe, signal, this.name), this.#failsToStart()])
  }

  /** Ends the program: SIGTERM, then SIGKILL. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    if (this.#process !== undefined) await endProcess(this.#process, graceMs)
    await this.#life
    this.output.close()
  }

  async #run(): Promise<void> {
    let wait = backOff.first
    for (let starts = 1; !this.#stop.signal.aborted; starts += 1) {
      const started = performance.now()
      this.#exit = this.#once()
      if (starts > 1) this.#options.restarted?.()
      const exit = await this.#exit
      if (this.#stop.signal.aborted) return
      if (performance.now() - started > healthyMs) wait = backOff.first
      const fields = { program: this.name, exit: exit.code, problem: exit.problem, againInMs: wait }
      this.#options.log.warn(fields, 'a program of the mesh has ended and is started again')
      await delay(wait, undefined, { signal: this.#stop.signal }).catch(() => {})
      wait = Math.min(wait * 2, backOff.limit)
    }
  }

  async #once(): Promise<Exit> {
    const running = startProcess(this.#options)
    this.#process = running
    for (const stream of [running.child.stdout, running.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => this.output.write(chunk))
    }
    running.child.stdin?.end()
    const exit = await running.exit
    this.#process = undefined
    return exit
  }

  /** Of the present run; an earlier one that failed is no reason to give up. */
  async #failsToStart(): Promise<never> {
    const { code = 0, problem } = (await this.#exit) ?? {}
    throw new NsmError('INTERNAL', `${this.name} ended with ${code}: ${problem ?? this.output.lastLines(5)}`)
  }
}

async function succeeds(
  probe: (signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
  name: string,
): Promise<void> {
  let last: unknown
  for (;;) {
    try {
      await probe(signal)
      return
    } catch (cause) {
      if (signal.aborted) throw new NsmError('DEADLINE', `${name} does not answer`, { cause: last ?? cause })
      last = cause
    }
    await delay(20)
  }
}
