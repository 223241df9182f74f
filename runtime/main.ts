import { writeSync } from 'node:fs'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { type Config, type ConfigTable, readConfig } from './config.ts'
import { describeConfig } from './help.ts'

/** A program: a name, a configuration table, and a function that runs until done or until the signal aborts. */
export interface Program<T extends ConfigTable> {
  readonly name: string
  /** One sentence for `--help`. */
  readonly summary: string
  readonly config: T
  readonly logger: (name: string) => Log
  /** Touches no process global, so that many can share one process. Throws NsmError. */
  readonly run: (config: Config<T>, signal: AbortSignal, log: Log) => Promise<void>
}

/** Exit code of a process that ends before its program does: EX_SOFTWARE. */
const interrupted = 70

/**
 * Runs a program as this process: configuration from the environment, SIGTERM and SIGINT abort the signal, an
 * NsmError becomes its message on stderr and its exit code. `--help` prints the configuration table.
 */
export async function main<T extends ConfigTable>(program: Program<T>): Promise<void> {
  if (process.argv.includes('--help')) {
    writeSync(1, describeConfig(program))
    return
  }
  const stop = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => stop.abort(new NsmError('CANCELLED', `${program.name}: stopped by ${name}`)))
  }
  // Until it is done: a process that has nothing to wait for ends by itself, whatever it still had to do.
  process.exitCode = interrupted
  try {
    await program.run(readConfig(program.config, process.env), stop.signal, program.logger(program.name))
    process.exitCode = 0
  } catch (thrown) {
    const error = NsmError.from(thrown)
    writeSync(2, `${program.name}: ${error.message} [${error.code}]\n`)
    process.exitCode = error.kind.exit
  }
}
