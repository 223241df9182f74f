import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseOptions } from '#registry/database.ts'
import type { Registry } from '#registry/registry.ts'
import { SharedRegistry } from '#registry/shared.ts'
import { sqliteRegistry } from '#registry/sqlite.ts'
import type { Log } from '#sdk/log.ts'
import { dial } from '#sdk/rpc/dial.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { Connections } from './connections.ts'
import { Events } from './events.ts'
import { type Kept, openJournal, type PeerRow, type WorkspaceRow } from './journal.ts'
import { openJournalFile } from './journal-file.ts'
import { Monitor } from './monitor.ts'
import { Pods } from './pods.ts'

/** What a manager remembers. */
export interface State extends AsyncDisposable {
  readonly registry: Registry
  readonly pods: Pods
  readonly connections: Connections
  readonly workspaces: Kept<WorkspaceRow>
  readonly peers: Kept<PeerRow>
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
  /** Where the registry is served that all managers share, which the journal caches; default none. */
  readonly registryAddress?: Address | undefined
  /** A registry in place of the journal's own. */
  readonly registry?: Registry
  /** Makes a registry in place of the journal's own, which may be its cache. */
  readonly registryOf?: ((cache: Registry) => Registry & Partial<AsyncDisposable>) | undefined
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
  registryAddress,
  registry: given,
  registryOf,
  database: limits,
  log,
}: StateOptions): State {
  mkdirSync(baseDir, { recursive: true })
  const opened = openJournalFile(file === '' ? join(baseDir, 'manager.db') : file, { ...limits, log })
  const { database } = opened
  const journal = openJournal(opened, bootId, log)
  const connections = new Connections(journal.connections)
  const events = new Events(node, journal.events)
  const cache = sqliteRegistry(database, log)
  const shared =
    registryAddress === undefined
      ? registryOf?.(cache)
      : new SharedRegistry({ channel: dial(registryAddress), node, cache, log })
  return {
    registry: given ?? shared ?? cache,
    pods: new Pods(journal.pods),
    connections,
    workspaces: journal.workspaces,
    peers: journal.peers,
    events,
    monitor: new Monitor(connections),
    [Symbol.asyncDispose]: async () => {
      events.save()
      await shared?.[Symbol.asyncDispose]?.()
      database.close()
    },
  }
}
