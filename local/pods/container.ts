import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Output } from '#local/processes/output.ts'
import {
  type Command,
  type Exit,
  endProcess,
  type Process,
  startProcess,
} from '#local/processes/start-process.ts'
import { NsmError } from '#sdk/errors.ts'
import type { ContainerRole, ContainerState } from './container-state.ts'
import { isRestarted, type RestartPolicy, restartDelay } from './restart.ts'

/** What a container is made of. */
export interface ContainerOptions {
  readonly name: string
  readonly role: ContainerRole
  readonly policy: RestartPolicy
  /** Made anew for each run, because a ConfigMap may have changed. Throws NsmError when something is missing. */
  readonly command: () => Command
  /** File that the container may leave a message in; its variable is TERMINATION_LOG. */
  readonly terminationLog: string
  /** Whether a running container is ready. */
  readonly isReady: () => boolean
  readonly changed: () => void
}

type Condition = Pick<ContainerState, 'state' | 'reason' | 'exitCode' | 'message'>

/** A container that ran this long starts over with the shortest delay. */
const healthyMs = 60_000

/** One container of a pod, over all its restarts. */
export class Container {
  readonly name: string
  readonly role: ContainerRole
  readonly output = new Output()
  readonly #options: ContainerOptions
  readonly #stop = new AbortController()
  readonly #started = Promise.withResolvers<void>()
  #condition: Condition = { state: 'waiting', reason: 'PodInitializing', exitCode: 0, message: '' }
  #process: Process | undefined
  #restarts = 0

  constructor(options: ContainerOptions) {
    this.#options = options
    this.name = options.name
    this.role = options.role
  }

  /** Resolves when the container has run for the first time, or will never run. */
  get started(): Promise<void> {
    return this.#started.promise
  }

  get state(): ContainerState {
    const { name, role } = this
    const running = this.#condition.state === 'running'
    const message = running ? (role === 'init' ? this.output.lastLine() : '') : this.#condition.message
    return {
      name,
      role,
      ...this.#condition,
      message,
      restarts: this.#restarts,
      ready: running && this.#options.isReady(),
    }
  }

  /** Runs the container until its policy starts it no more, or it is stopped; resolves to the last exit code. */
  async run(): Promise<number> {
    let failures = 0
    for (;;) {
      const begun = performance.now()
      const code = await this.#once()
      if (this.#stop.signal.aborted || !isRestarted(this.#options.policy, code)) {
        this.#started.resolve()
        return code
      }
      if (performance.now() - begun > healthyMs) failures = 0
      this.#become({ ...this.#condition, state: 'waiting', reason: 'CrashLoopBackOff' })
      await delay(restartDelay(failures), undefined, { signal: this.#stop.signal }).catch(() => {})
      if (this.#stop.signal.aborted) return code
      failures += 1
      this.#restarts += 1
    }
  }

  /** Ends the container for good: SIGTERM, and SIGKILL after the time of grace in milliseconds. */
  async stop(graceMs: number): Promise<void> {
    this.#stop.abort()
    this.#started.resolve()
    if (this.#process !== undefined) await endProcess(this.#process, graceMs)
    this.output.close()
  }

  async #once(): Promise<number> {
    if (this.#stop.signal.aborted) return 0
    const exit = await this.#begin()
    this.#process = undefined
    const reason = exit.code === 0 ? 'Completed' : exit.problem === undefined ? 'Error' : 'StartError'
    this.#become({ state: 'terminated', reason, exitCode: exit.code, message: this.#lastWords(exit) })
    return exit.code
  }

  async #begin(): Promise<Exit> {
    try {
      writeFileSync(this.#options.terminationLog, '')
      this.#process = startProcess(this.#options.command())
    } catch (thrown) {
      return { code: 127, problem: NsmError.from(thrown).message }
    }
    const { child, exit } = this.#process
    child.stdin?.end()
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output.write(chunk)
        // Its last line is what the pod waits for.
        if (this.role === 'init') this.#options.changed()
      })
    }
    if (child.pid !== undefined) {
      this.#become({ ...this.#condition, state: 'running', reason: '' })
      this.#started.resolve()
    }
    return await exit
  }

  #become(condition: Condition): void {
    this.#condition = condition
    this.#options.changed()
  }

  /** What a container says at its end, in the order of preference of FallbackToLogsOnError. */
  #lastWords({ code, problem }: Exit): string {
    if (problem !== undefined) return problem
    const written = readFileSync(this.#options.terminationLog, 'utf8').trim().slice(0, 4096)
    return written === '' && code !== 0 ? this.output.lastLine() : written
  }
}
