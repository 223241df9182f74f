import type { DatabaseSync } from 'node:sqlite'
import { endpoints, type Kind, services } from './kinds.ts'
import { type Keeper, Records } from './records.ts'
import type { Registry } from './registry.ts'
import { openTable } from './table.ts'

/** A registry kept in a database that only this process writes. Throws STORAGE when its tables cannot be made or read. */
export function sqliteRegistry(database: DatabaseSync): Registry {
  return {
    services: new Records(services, keeperOf(database, services)),
    endpoints: new Records(endpoints, keeperOf(database, endpoints)),
  }
}

function keeperOf<R>(database: DatabaseSync, kind: Kind<R>): Keeper<R> {
  const table = openTable(database, `registry_${kind.name}`, kind.name)
  return {
    all: () => table.all().map(text => kind.fromJson(JSON.parse(text))),
    put: record => table.put(kind.keyOf(record), JSON.stringify(kind.toJson(record))),
    remove: key => table.remove(key),
  }
}
