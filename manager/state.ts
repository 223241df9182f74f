import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type DatabaseOptions, openDatabase } from '#registry/database.ts'
import type { Registry } from '#registry/registry.ts'
import { sqliteRegistry } from '#registry/sqlite.ts'
import type { Log } from '#sdk/log.ts'
import { Connections } from './connections.ts'
import { Events } from './events.ts'
import { type Kept, openJournal, type WorkspaceRow } from './journal.ts'
import { Monitor } from './monitor.ts'
import { Pods } from './pods.ts'

/** What a manager remembers. */
export interface State extends Disposable {
  readonly registry: Registry
  readonly pods: Pods
  readonly connections: Connections
  readonly workspaces: Kept<WorkspaceRow>
  readonly events: Events
  readonly monitor: Monitor
}

/** Where the memory is. */
export interface StateOptions {
  readonly node: string
  readonly baseDir: string
  /** File of the journal; empty is `manager.db` in the base directory. */
  readonly journal: string
  /** Names this boot of the machine. */
  readonly bootId: string
  /** A registry that others share; default one in the journal. */
  readonly registry?: Registry
  /** Limits of the journal's file. */
  readonly database?: DatabaseOptions
  readonly log: Log
}

/** Opens what a manager remembers, and makes its directory. Throws STORAGE. */
export function openState({
  node,
  baseDir,
  journal: file,
  bootId,
  registry,
  database: limits,
  log,
}: StateOptions): State {
  mkdirSync(baseDir, { recursive: true })
  const database = openDatabase(file === '' ? join(baseDir, 'manager.db') : file, limits)
  const journal = openJournal(database, bootId, log)
  const connections = new Connections(journal.connections)
  const events = new Events(node, journal.events)
  return {
    registry: registry ?? sqliteRegistry(database),
    pods: new Pods(journal.pods),
    connections,
    workspaces: journal.workspaces,
    events,
    monitor: new Monitor(connections),
    [Symbol.dispose]: () => {
      events.save()
      database.close()
    },
  }
}
