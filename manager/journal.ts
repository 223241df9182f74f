import type { DatabaseSync } from 'node:sqlite'
import { fromBinary, fromJsonString, toBinary, toJsonString } from '@bufbuild/protobuf'
import { stored, transaction } from '#registry/database.ts'
import { openTable } from '#registry/table.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { EventSchema } from '#sdk/wire/gen/admin/admin_pb.ts'
import { PodSchema } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import type { EventKeeper } from './events.ts'
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
  readonly connections: Kept<Wired>
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

/** The most events that the journal holds. */
const eventLimit = 5000

/**
 * Opens the journal in a database. One of another boot is emptied: the network namespaces that it speaks of are gone,
 * and their cookies may name others now. The registry forgets the endpoints of pods that are unknown by itself.
 */
export function openJournal(database: DatabaseSync, bootId: string, log: Log): Journal {
  const meta = openTable(database, 'journal_boot', 'boot id')
  const tables = {
    connections: openTable(database, 'journal_connection', 'connection'),
    workspaces: openTable(database, 'journal_workspace', 'workspace'),
    pods: openTable(database, 'journal_pod', 'pod'),
    peers: openTable(database, 'journal_peer', 'peer'),
  }
  const events = eventKeeper(database, log)
  if (meta.all()[0] !== bootId) {
    transaction(database, 'emptying the journal of an earlier boot', () => {
      for (const name of ['journal_connection', 'journal_workspace', 'journal_pod', 'journal_event'])
        database.exec(`DELETE FROM ${name}`)
      meta.put('boot', bootId)
    })
  }
  return {
    events,
    connections: {
      all: () => tables.connections.all().map(wiredFromText),
      put: wired => tables.connections.put(wired.id, wiredToText(wired)),
      remove: tables.connections.remove,
    },
    workspaces: {
      all: () => tables.workspaces.all().map((text): WorkspaceRow => JSON.parse(text)),
      put: row => tables.workspaces.put(row.id, JSON.stringify(row)),
      remove: tables.workspaces.remove,
    },
    peers: {
      all: () => tables.peers.all().map((text): PeerRow => JSON.parse(text)),
      put: row => tables.peers.put(row.id, JSON.stringify(row)),
      remove: tables.peers.remove,
    },
    pods: {
      all: () => tables.pods.all().map(text => fromJsonString(PodSchema, text)),
      put: pod => tables.pods.put(pod.uid, toJsonString(PodSchema, pod)),
      remove: tables.pods.remove,
    },
  }
}

function eventKeeper(database: DatabaseSync, log: Log): EventKeeper {
  stored('making the table of events', () =>
    database.exec('CREATE TABLE IF NOT EXISTS journal_event (seq INTEGER PRIMARY KEY, event BLOB NOT NULL)'),
  )
  const select = database.prepare('SELECT event FROM journal_event ORDER BY seq')
  const insert = database.prepare('INSERT INTO journal_event (event) VALUES (?)')
  const trim = database.prepare(
    'DELETE FROM journal_event WHERE seq <= (SELECT max(seq) FROM journal_event) - ?',
  )
  return {
    all: () =>
      stored('reading the events', () =>
        select
          .all()
          .flatMap(({ event }) => (event instanceof Uint8Array ? [fromBinary(EventSchema, event)] : [])),
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
