import { chmodSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { NsmError } from '#sdk/errors.ts'

/** Limits of a database, for tests. */
export interface DatabaseOptions {
  /** The most pages of 4 KiB that the file may have (PRAGMA max_page_count); default SQLite's. */
  readonly maxPages?: number
}

/**
 * Opens or creates an SQLite database. WAL with synchronous=NORMAL: what is written survives kill -9 of the process,
 * though not always a power loss (https://sqlite.org/wal.html). Throws STORAGE.
 */
export function openDatabase(path: string, { maxPages }: DatabaseOptions = {}): DatabaseSync {
  return stored(`opening ${path}`, () => {
    const database = new DatabaseSync(path)
    // The files that SQLite adds beside it get the same permissions.
    if (path !== ':memory:') chmodSync(path, 0o600)
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 1000')
    if (maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${maxPages}`)
    return database
  })
}

/** Runs work on a database; a failure is STORAGE with SQLite's reason. */
export function stored<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new NsmError('STORAGE', `${what}: ${reason}; is the disk full, or the directory read-only?`, {
      cause,
    })
  }
}

/** Runs work in one transaction: all of it is written, or nothing. Throws STORAGE. */
export function transaction<T>(database: DatabaseSync, what: string, work: () => T): T {
  return stored(what, () => {
    database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      database.exec('COMMIT')
      return result
    } catch (cause) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw cause
    }
  })
}
