import { closeSync, existsSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '#registry/database.ts'
import { type Log, silent } from '#sdk/log.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import { fakeEndpoint } from './fake-endpoint.ts'
import { fakeForwarder } from './fake-forwarder.ts'
import { addressOf, eventually, requestFor, type TestNode, testNode } from './fixture.ts'

/** Every table that a manager journals in. */
const tables = [
  'journal_connection',
  'journal_workspace',
  'journal_pod',
  'journal_peer',
  'registry_endpoint',
  'registry_service',
] as const

describe('a journal of a newer version, whose manager was rolled back', () => {
  it('is read for what this one knows of it: a refresh changes nothing, a close ends all', async () => {
    await using mesh = await connected()
    await mesh.restartAfter(row => ({ ...grown(row), 'a-field-of-later': { deep: [1, null] } }))
    const [record] = await mesh.node.connections()
    expect(record?.client?.name).toBe('client')
    expect(mesh.forwarder.closed).toEqual([])
    const again = await mesh.client.service.request(requestFor('vpn'))
    expect(addressOf(again)).toBe(addressOf(mesh.answer))
    expect([mesh.forwarder.wired.size, mesh.endpoint.closed.length]).toEqual([1, 0])
    await mesh.client.service.close(again)
    expect([mesh.forwarder.wired.size, mesh.endpoint.closed.length]).toEqual([0, 1])
    expect(mesh.warnings).toEqual([])
  })

  it('keeps the links of connections that are written where this one does not look', async () => {
    await using mesh = await connected()
    await mesh.restartAfter('drop', database =>
      database.exec('DELETE FROM journal_connection; PRAGMA user_version = 99'),
    )
    expect(await mesh.node.connections()).toEqual([])
    expect([mesh.forwarder.wired.size, mesh.forwarder.closed.length]).toEqual([1, 0])
    expect(mesh.warnings).toEqual([expect.stringMatching(/journal has format 99, of a newer version/)])
    const other = await mesh.node.pod('other')
    expect(addressOf(await other.service.request(requestFor('vpn', { id: 'other' })))).not.toBe('')
    const database = openDatabase(join(mesh.node.baseDir, 'manager.db'))
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 99 })
    database.close()
  })
})

describe('a journal of an older version, or a damaged one', () => {
  it('does without what was not written then', async () => {
    await using mesh = await connected()
    const missing = ['created', 'setupMicros', 'pid', 'manager', 'forwarder', 'url', 'owner']
    await mesh.restartAfter(
      row => without(row, missing),
      database => database.exec('PRAGMA user_version = 0'),
    )
    expect(mesh.forwarder.closed).toEqual([])
    const again = await mesh.client.service.request(requestFor('vpn'))
    expect(addressOf(again)).toBe(addressOf(mesh.answer))
    expect([mesh.forwarder.wired.size, mesh.endpoint.closed.length]).toEqual([1, 0])
    await mesh.client.service.close(again)
    expect(mesh.forwarder.wired.size).toBe(0)
  })

  it.each([
    { name: 'no JSON', row: 'not json{' },
    { name: 'JSON of another kind', row: '[7]' },
    { name: 'nothing in it', row: '{}' },
    {
      name: 'fields of other types',
      row: '{"record":{"connection":5},"owner":3,"url":[],"object":7,"uid":{}}',
    },
  ])('with $name in its rows is survived, and no link is lost', async ({ row }) => {
    await using mesh = await connected()
    await mesh.restartAfter('keep', database => {
      for (const table of tables) database.prepare(`UPDATE ${table} SET value = ?`).run(row)
      database.exec("UPDATE journal_event SET event = x'ff'")
    })
    expect([mesh.forwarder.wired.size, mesh.forwarder.closed.length]).toEqual([1, 0])
    expect(mesh.warnings).toContainEqual(
      expect.stringMatching(/^connection .* was written by another version, or is damaged/),
    )
    // Whoever asks with the same id takes it over, and can end it.
    await using _endpoint = await fakeEndpoint(mesh.node, await mesh.node.pod('gateway-2'), {
      service: 'vpn',
    })
    await mesh.node.apply('vpn')
    const client = await mesh.node.pod('client')
    const again = await eventually('it is served', () =>
      client.service.request(requestFor('vpn')).catch(() => undefined),
    )
    expect((await mesh.node.connections())[0]?.connection?.state).toBe(State.UP)
    await client.service.close(again)
    expect((await mesh.node.connections()).length).toBe(0)
  })
})

describe('a file that is no journal any more', () => {
  it.each([
    { name: 'overwritten from its beginning', at: 0 },
    { name: 'damaged in the middle', at: 4096 },
  ])('is put aside when it is $name; no link is lost, and new ones are made', async ({ at }) => {
    await using mesh = await connected()
    await mesh.restartAfter('keep', database => {
      // Else what is written stands in the file beside it.
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      const file = openSync(join(mesh.node.baseDir, 'manager.db'), 'r+')
      writeSync(file, Buffer.alloc(40_000, 'no journal '), 0, 40_000, at)
      closeSync(file)
    })
    expect([mesh.forwarder.wired.size, mesh.forwarder.closed.length]).toEqual([1, 0])
    expect(existsSync(join(mesh.node.baseDir, 'manager.db.damaged'))).toBe(true)
    await mesh.restartAfter('keep')
    expect([mesh.forwarder.wired.size, mesh.forwarder.closed.length]).toEqual([1, 0])
    await using _endpoint = await fakeEndpoint(mesh.node, await mesh.node.pod('gateway-2'), {
      service: 'vpn',
    })
    const other = await mesh.node.pod('other')
    expect(addressOf(await other.service.request(requestFor('vpn', { id: 'other' })))).not.toBe('')
  })
})

/** A client that is connected to an endpoint of the same node, whose manager can be stopped and its journal changed. */
async function connected() {
  await using undo = new AsyncDisposableStack()
  const warnings: string[] = []
  const log: Log = { ...silent, warn: (_fields, message) => warnings.push(message) }
  const node: TestNode = undo.use(await testNode())
  const endpoint = undo.use(await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' }))
  const client = await node.pod('client')
  let forwarder = await fakeForwarder(node.baseDir)
  undo.defer(() => forwarder[Symbol.asyncDispose]())
  const answer = await client.service.request(requestFor('vpn'))
  const held = undo.move()
  return {
    node,
    endpoint,
    client,
    answer,
    warnings,
    get forwarder() {
      return forwarder
    },
    /** Stops the manager, changes each object in its journal and then the file, and starts it again. */
    async restartAfter(
      change: ((object: unknown) => unknown) | 'keep' | 'drop',
      work: (database: ReturnType<typeof openDatabase>) => void = () => {},
    ) {
      const { wired } = forwarder
      await forwarder[Symbol.asyncDispose]()
      await node.stop()
      const database = openDatabase(join(node.baseDir, 'manager.db'))
      for (const table of typeof change === 'function' ? tables : []) {
        for (const { key, value } of database.prepare(`SELECT key, value FROM ${table}`).all()) {
          const changed = typeof change === 'function' ? change(JSON.parse(String(value))) : value
          database
            .prepare(`UPDATE ${table} SET value = ? WHERE key = ?`)
            .run(JSON.stringify(changed), String(key))
        }
      }
      work(database)
      database.close()
      await node.restart({ log })
      forwarder = await fakeForwarder(node.baseDir, { wired })
      await eventually('it serves', () => node.connections().catch(() => undefined))
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

/** The object with a field that is not known yet, in every object in it. */
function grown(value: unknown): object {
  return Object(each(value, object => ({ ...object, fieldOfLater: 'x', laterEnum: 'OF_LATER' })))
}

function without(value: unknown, names: readonly string[]): unknown {
  return each(value, object =>
    Object.fromEntries(Object.entries(object).filter(([key]) => !names.includes(key))),
  )
}

/** Changes every object that is a message, and leaves maps of text, where any key is data. */
function each(value: unknown, change: (object: object) => object): unknown {
  if (Array.isArray(value)) return value.map(item => each(item, change))
  if (typeof value !== 'object' || value === null) return value
  const changed = Object.entries(value).map(([key, inner]) => [
    key,
    maps.includes(key) ? inner : each(inner, change),
  ])
  return change(Object.fromEntries(changed))
}

const maps = ['parameters', 'labels', 'networkServiceLabels', 'metrics', 'extraContext']
