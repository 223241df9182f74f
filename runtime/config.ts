import { NsmError } from '#sdk/errors.ts'

/** One row of a program's configuration table. */
export interface Setting<T> {
  /** Name of the environment variable. */
  readonly env: string
  /** Older names that are accepted; the first that is set wins, `env` before all. */
  readonly also?: readonly string[]
  /** Turns the text into the value; throws Error with the reason when it cannot. */
  readonly parse: (text: string) => T
  /** The value when the variable is unset or empty; a setting without one is required. */
  readonly default?: T
  /** One sentence for README and `--help`. */
  readonly doc: string
}

/** A program's configuration table: property name → setting. */
export type ConfigTable = Readonly<Record<string, Setting<unknown>>>

/** The values that a table describes. */
export type Config<T extends ConfigTable> = {
  readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never
}

/** Types one row of a table, so that `default` and `parse` agree. */
export function setting<T>(row: Setting<T>): Setting<T> {
  return row
}

/**
 * Reads a configuration from environment variables. Empty is unset. All mistakes are reported in one
 * NsmError BAD_CONFIG that names each variable, its value and why it is wrong.
 */
export function readConfig<T extends ConfigTable>(
  table: T,
  env: Readonly<Record<string, string | undefined>>,
): Config<T> {
  const mistakes: string[] = []
  const values = Object.entries(table).map(([key, row]) => [key, readSetting(row, env, mistakes)] as const)
  if (mistakes.length > 0) throw new NsmError('BAD_CONFIG', `configuration: ${mistakes.join('; ')}`)
  // Each value came out of its own row's parser.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(values) as Config<T>
}

function readSetting(
  row: Setting<unknown>,
  env: Readonly<Record<string, string | undefined>>,
  mistakes: string[],
): unknown {
  const name = [row.env, ...(row.also ?? [])].find(candidate => (env[candidate] ?? '') !== '')
  if (name === undefined) {
    if (!('default' in row)) mistakes.push(`${row.env} is not set (${row.doc})`)
    return row.default
  }
  const text = env[name] ?? ''
  try {
    return row.parse(text)
  } catch (cause) {
    mistakes.push(
      `${name}=${JSON.stringify(text)}: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
    return undefined
  }
}
