import type { DatabaseSync } from 'node:sqlite'
import { create, fromBinary, fromJsonString, toBinary, toJsonString } from '@bufbuild/protobuf'
import { stored, transaction } from '#registry/database.ts'
import { readRow, tolerant } from '#registry/read-row.ts'
import { openTable, type Row, type Table } from '#registry/table.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { EventSchema } from '#sdk/wire/gen/admin/admin_pb.ts'
import { type Pod, PodSchema } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import type { EventKeeper } from './events.ts'
import type { JournalFile } from './journal-file.ts'
import type { PodKeeper } from './pods.ts'
import type { Wired } from './request.ts'
import { wiredFromText, wiredToText } from './wired-json.ts'

/** A workspace and the uid of the pod that it belongs to, empty while nobody has used it. */
export interface WorkspaceRow {
  readonly id: string
  readonly owner: string
}

/** The name of a node whose manager may have connections of ours, and where that manager was. */
export interface PeerRow {
  readonly id: string
  readonly url: string
}

/** What a manager that was killed has to know again. The methods throw STORAGE. */
export interface Journal {
  readonly connections: KeptConnections
  readonly workspaces: Kept<WorkspaceRow>
  /** Outlives a boot: the other nodes may not have noticed. */
  readonly peers: Kept<PeerRow>
  readonly pods: PodKeeper
  readonly events: EventKeeper
}

/** Objects of one kind in the journal. */
export interface Kept<T> {
  readonly all: () => readonly T[]
  readonly put: (item: T) => void
  readonly remove: (id: string) => void
}

/** The connections in the journal, and those that another version has written there. */
export interface KeptConnections extends Kept<Wired> {
  /**
   * Ids that stand in the journal but cannot be read, or `any` when there may be others that this version does not see:
   * what has such an id is nobody's to remove.
   */
  readonly unread: () => ReadonlySet<string> | 'any'
}

/** Key of the row that says, until the next boot, that connections of before are unknown. */
const lost = 'lost'

/** The most events that the journal holds. */
const eventLimit = 5000

/**
 * Opens the journal in a database. One of another boot is emptied: the network namespaces that it speaks of are gone,
 * and their cookies may name others now. The registry forgets the endpoints of pods that are unknown by itself.
 */
export function openJournal({ database, past }: JournalFile, bootId: string, log: Log): Journal {
  const meta = openTable(database, 'journal_boot', 'boot id')
  const tables = {
    connections: openTable(database, 'journal_connection', 'connection'),
    workspaces: openTable(database, 'journal_workspace', 'workspace'),
    pods: openTable(database, 'journal_pod', 'pod'),
    peers: openTable(database, 'journal_peer', 'peer'),
  }
  const events = eventKeeper(database, log)
  if (meta.all().find(({ key }) => key === 'boot')?.value !== bootId) {
    transaction(database, 'emptying the journal of an earlier boot', () => {
      for (const name of ['journal_connection', 'journal_workspace', 'journal_pod', 'journal_event'])
        database.exec(`DELETE FROM ${name}`)
      meta.put('boot', bootId)
      meta.remove(lost)
    })
  }
  if (past === 'lost') meta.put(lost, 'yes')
  const others = past === 'newer' || meta.all().some(({ key }) => key === lost) ? 'possible' : 'none'
  return {
    events,
    connections: connectionKeeper(tables.connections, others, log),
    workspaces: {
      // One whose pod is unknown is bound to it again by its next call.
      all: () => tables.workspaces.all().map(row => ({ id: row.key, owner: fieldOf(row, 'owner') })),
      put: row => tables.workspaces.put(row.id, JSON.stringify(row)),
      remove: tables.workspaces.remove,
    },
    peers: {
      // One whose address is unknown is found by the registry.
      all: () => tables.peers.all().map(row => ({ id: row.key, url: fieldOf(row, 'url') })),
      put: row => tables.peers.put(row.id, JSON.stringify(row)),
      remove: tables.peers.remove,
    },
    pods: {
      // That there is this pod keeps its endpoints, whatever else was said of it.
      all: () =>
        tables.pods
          .all()
          .map(row => readRow(row, podOf, { what: 'pod', log }) ?? create(PodSchema, { uid: row.key })),
      put: pod => tables.pods.put(pod.uid, toJsonString(PodSchema, pod)),
      remove: tables.pods.remove,
    },
  }
}

function connectionKeeper(table: Table, others: 'possible' | 'none', log: Log): KeptConnections {
  const unread = new Set<string>()
  const read = ({ key, value }: Row): Wired => ({ ...wiredFromText(value), id: key })
  return {
    all: () =>
      table.all().flatMap(row => {
        const wired = readRow(row, read, { what: 'connection', log })
        if (wired !== undefined) return [wired]
        unread.add(row.key)
        return []
      }),
    unread: () => (others === 'possible' ? 'any' : unread),
    put: wired => {
      table.put(wired.id, wiredToText(wired))
      unread.delete(wired.id)
    },
    remove: table.remove,
  }
}

function podOf({ key, value }: Row): Pod {
  return { ...fromJsonString(PodSchema, value, tolerant), uid: key }
}

/** A text in the JSON of a row; empty when there is none, or no JSON. */
function fieldOf({ value }: Row, name: string): string {
  try {
    const object: unknown = JSON.parse(value)
    const field: unknown = typeof object === 'object' && object !== null ? Reflect.get(object, name) : ''
    return typeof field === 'string' ? field : ''
  } catch {
    return ''
  }
}

function eventKeeper(database: DatabaseSync, log: Log): EventKeeper {
  stored('making the table of events', () =>
    database.exec('CREATE TABLE IF NOT EXISTS journal_event (seq INTEGER PRIMARY KEY, event BLOB NOT NULL)'),
  )
  const select = database.prepare('SELECT seq, event FROM journal_event ORDER BY seq')
  const insert = database.prepare('INSERT INTO journal_event (event) VALUES (?)')
  const trim = database.prepare(
    'DELETE FROM journal_event WHERE seq <= (SELECT max(seq) FROM journal_event) - ?',
  )
  return {
    all: () =>
      stored('reading the events', () =>
        select.all().flatMap(({ seq, event }) =>
          event instanceof Uint8Array
            ? (readRow({ key: String(seq), value: '' }, () => fromBinary(EventSchema, event), {
                what: 'event',
                log,
              }) ?? [])
            : [],
        ),
      ),
    append: events => {
      try {
        transaction(database, `keeping ${events.length} events`, () => {
          for (const event of events) insert.run(toBinary(EventSchema, event))
          trim.run(eventLimit)
        })
      } catch (thrown) {
        // Events explain; a connection does not depend on them, so it goes on without.
        log.warn({ reason: NsmError.from(thrown).message }, 'events were not kept')
      }
    },
  }
}
