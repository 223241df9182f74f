import type { DatabaseSync } from 'node:sqlite'
import { NsmError } from '#sdk/errors.ts'
import { type Log, silent } from '#sdk/log.ts'
import { endpoints, type Kind, services } from './kinds.ts'
import { readRow } from './read-row.ts'
import { type Keeper, Records } from './records.ts'
import type { Registry } from './registry.ts'
import { openTable, type Row } from './table.ts'

/**
 * A registry kept in a database that only this process writes. What another version has written and this one cannot read stays
 * in there, and is told to the log. Throws STORAGE when its tables cannot be made or read.
 */
export function sqliteRegistry(database: DatabaseSync, log: Log = silent): Registry {
  return {
    services: new Records(services, keeperOf(database, services, log)),
    endpoints: new Records(endpoints, keeperOf(database, endpoints, log)),
  }
}

function keeperOf<R>(database: DatabaseSync, kind: Kind<R>, log: Log): Keeper<R> {
  const table = openTable(database, `registry_${kind.name}`, kind.name)
  const read = ({ key, value }: Row): R => {
    const record = kind.fromJson(JSON.parse(value))
    if (kind.keyOf(record) !== key) throw new NsmError('BAD_INPUT', 'it does not say what it is of')
    return record
  }
  return {
    all: () => table.all().flatMap(row => readRow(row, read, { what: kind.name, log }) ?? []),
    put: record => table.put(kind.keyOf(record), JSON.stringify(kind.toJson(record))),
    remove: key => table.remove(key),
  }
}
