import { existsSync, renameSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { type DatabaseOptions, openDatabase, stored } from '#registry/database.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'

/** The database of a manager's journal. */
export interface JournalFile {
  readonly database: DatabaseSync
  /** `newer`: a version has been here that writes what this one may not see; `lost`: what was journalled cannot be read any more. */
  readonly past: 'kept' | 'newer' | 'lost'
}

/** How a file is opened. */
export interface JournalFileOptions extends DatabaseOptions {
  readonly log: Log
}

/**
 * The format that this version writes (PRAGMA user_version). Fields may be added without another number, for what is unknown
 * is passed over; it rises when a connection is written so that this version would not find it.
 */
const format = 1

/** What SQLite calls a file that is damaged, and one that is none of its own (https://sqlite.org/rescode.html). */
const damaged: readonly unknown[] = [11, 26]

/**
 * Opens or makes the file of the journal. One that is damaged is put aside, since a manager that ends at it would be started again and
 * again, and its node connect nobody. Throws STORAGE for whatever else keeps it from being opened.
 */
export function openJournalFile(path: string, { log, ...limits }: JournalFileOptions): JournalFile {
  try {
    const database = openChecked(path, limits)
    return { database, past: ageOf(database, log) }
  } catch (thrown) {
    const { message, cause } = NsmError.from(thrown)
    if (!(cause instanceof Error && 'errcode' in cause && damaged.includes(cause.errcode))) throw thrown
    const aside = `${path}.damaged`
    stored(`putting ${path} aside`, () => {
      for (const part of ['', '-wal', '-shm'])
        if (existsSync(`${path}${part}`)) renameSync(`${path}${part}`, `${aside}${part}`)
    })
    log.error(
      { path, aside, reason: message },
      `the journal was damaged and is put aside as ${aside}: links that this manager does not know of stay until their pods end`,
    )
    const database = openDatabase(path, limits)
    ageOf(database, log)
    return { database, past: 'lost' }
  }
}

function openChecked(path: string, limits: DatabaseOptions): DatabaseSync {
  const database = openDatabase(path, limits)
  try {
    stored(`checking ${path}`, () => {
      const { quick_check: found } = database.prepare('PRAGMA quick_check(1)').get() ?? {}
      if (found !== 'ok') throw Object.assign(new Error(String(found)), { errcode: damaged[0] })
    })
    return database
  } catch (thrown) {
    database.close()
    throw thrown
  }
}

/** Whether a version has been here that writes what this one does not know; says it once to the log. */
function ageOf(database: DatabaseSync, log: Log): 'kept' | 'newer' {
  const found = stored('reading the format of the journal', () =>
    Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0),
  )
  if (found > format) {
    log.warn(
      { found, known: format },
      `the journal has format ${found}, of a newer version, and this one knows ${format}: links that it does not know of stay until their pods end`,
    )
    return 'newer'
  }
  if (found < format)
    stored('writing the format of the journal', () => database.exec(`PRAGMA user_version = ${format}`))
  return 'kept'
}
