import type { DatabaseSync } from 'node:sqlite'
import { stored } from './database.ts'

/** A text of a table under its key. */
export interface Row {
  readonly key: string
  readonly value: string
}

/** A table of texts by key, oldest first; a replaced row keeps its place. Its methods throw STORAGE. */
export interface Table {
  readonly all: () => readonly Row[]
  readonly put: (key: string, value: string) => void
  readonly remove: (key: string) => void
}

/** Opens or makes a table; `what` names its rows in messages. Throws STORAGE. */
export function openTable(database: DatabaseSync, name: string, what: string): Table {
  stored(`making the table of ${what}s`, () =>
    database.exec(`CREATE TABLE IF NOT EXISTS ${name} (key TEXT PRIMARY KEY, value TEXT NOT NULL)`),
  )
  const select = database.prepare(`SELECT key, value FROM ${name} ORDER BY rowid`)
  // Not REPLACE, which would give the row a new place.
  const upsert = database.prepare(
    `INSERT INTO ${name} (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
  )
  const drop = database.prepare(`DELETE FROM ${name} WHERE key = ?`)
  return {
    all: () =>
      stored(`reading the ${what}s`, () =>
        select.all().map(row => ({ key: String(row['key']), value: String(row['value']) })),
      ),
    put: (key, value) => {
      stored(`keeping ${what} ${key}`, () => upsert.run(key, value))
    },
    remove: key => {
      stored(`removing ${what} ${key}`, () => drop.run(key))
    },
  }
}
