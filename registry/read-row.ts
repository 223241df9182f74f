import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { Row } from './table.ts'

/**
 * How rows are read that another version may have written: fields that are unknown are passed over, so that a program goes on
 * where a newer one has been.
 */
export const tolerant = { ignoreUnknownFields: true } as const

/**
 * Reads a row by `read`; undefined when it cannot be read, which is told to the log. It stays where it is, for the version that
 * can read it.
 */
export function readRow<T>(row: Row, read: (row: Row) => T, { what, log }: ReadRowOptions): T | undefined {
  try {
    return read(row)
  } catch (thrown) {
    const reason = NsmError.from(thrown).message
    log.warn(
      { key: row.key, reason },
      `${what} ${row.key} was written by another version, or is damaged, and cannot be read: it is left as it is`,
    )
    return undefined
  }
}

/** What is read, for messages. */
export interface ReadRowOptions {
  readonly what: string
  readonly log: Log
}
