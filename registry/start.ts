import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { Log } from '#sdk/log.ts'
import { implement } from '#sdk/rpc/implement.ts'
import { serve } from '#sdk/rpc/serve.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { Records } from '#sdk/wire/gen/registryrecords/registryrecords_pb.ts'
import { openDatabase } from './database.ts'
import { RecordsService } from './records-service.ts'
import { sqliteRegistry } from './sqlite.ts'
import { openTable } from './table.ts'

/** How a registry is set up. */
export interface RegistryOptions {
  readonly address: Address
  /** File of the database. */
  readonly file: string
  /** Milliseconds that a node's endpoints outlive the last watch of its manager. */
  readonly leaseMs: number
  readonly log: Log
}

/** A running registry. Disposing stops it; the records stay in the database. */
export interface RunningRegistry extends AsyncDisposable {
  readonly address: Address
}

/** Serves the records of a database. Throws STORAGE, and ALREADY_EXISTS when another process serves at the address. */
export async function startRegistry({
  address,
  file,
  leaseMs,
  log,
}: RegistryOptions): Promise<RunningRegistry> {
  await using undo = new AsyncDisposableStack()
  const database = undo.adopt(openDatabase(file), opened => opened.close())
  const registry = sqliteRegistry(database, log)
  const service = undo.use(new RecordsService({ registry, instance: instanceOf(database), leaseMs, log }))
  await service.resume()
  const server = undo.use(
    await serve({ address, log, peerOf: () => undefined, services: [implement(Records, service.handlers)] }),
  )
  const held = undo.move()
  return { address: server.address, [Symbol.asyncDispose]: () => held.disposeAsync() }
}

/** The name that a database was given when it was made. */
function instanceOf(database: DatabaseSync): string {
  const table = openTable(database, 'registry_instance', 'name')
  const known = table.all().find(({ key }) => key === 'instance')
  if (known !== undefined) return known.value
  const instance = randomUUID()
  table.put('instance', instance)
  return instance
}
