import type { DatabaseSync } from 'node:sqlite'
import { stored } from './database.ts'
import { endpoints, type Kind, services } from './kinds.ts'
import { type Keeper, Records } from './records.ts'
import type { Registry } from './registry.ts'

/** A registry kept in a database that only this process writes. Throws STORAGE when the tables cannot be made or read. */
export function sqliteRegistry(database: DatabaseSync): Registry {
  return {
    services: new Records(services, tableOf(database, services)),
    endpoints: new Records(endpoints, tableOf(database, endpoints)),
  }
}

function tableOf<R>(database: DatabaseSync, kind: Kind<R>): Keeper<R> {
  const table = `registry_${kind.name}`
  stored(`making the table of ${kind.name}s`, () =>
    database.exec(`CREATE TABLE IF NOT EXISTS ${table} (key TEXT PRIMARY KEY, record TEXT NOT NULL)`),
  )
  const select = database.prepare(`SELECT record FROM ${table} ORDER BY rowid`)
  // Not REPLACE, which would give the row a new place.
  const upsert = database.prepare(
    `INSERT INTO ${table} (key, record) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET record = excluded.record`,
  )
  const drop = database.prepare(`DELETE FROM ${table} WHERE key = ?`)
  return {
    all: () =>
      stored(`reading the ${kind.name}s`, () =>
        select.all().map(row => kind.fromJson(JSON.parse(String(row['record'])))),
      ),
    put: record => {
      const key = kind.keyOf(record)
      stored(`keeping ${kind.name} ${key}`, () => upsert.run(key, JSON.stringify(kind.toJson(record))))
    },
    remove: key => {
      stored(`removing ${kind.name} ${key}`, () => drop.run(key))
    },
  }
}
