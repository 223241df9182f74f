import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silent } from '#sdk/log.ts'
import { openDatabase } from './database.ts'
import { endpointRecord, registryContract, serviceRecord } from './registry.contract.ts'
import { sqliteRegistry } from './sqlite.ts'

registryContract('sqliteRegistry', () => sqliteRegistry(openDatabase(':memory:')))

describe('sqliteRegistry', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'registry-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('sqliteRegistry() has everything again, in order, when opened a second time', async () => {
    const path = join(folder, 'registry.db')
    const first = openDatabase(path)
    const registry = sqliteRegistry(first)
    await registry.services.put(serviceRecord('default', 'web'))
    await registry.endpoints.put(endpointRecord('b', 'web'))
    await registry.endpoints.put(endpointRecord('a', 'web'))
    await registry.endpoints.put(endpointRecord('b', 'web'))
    first.close()
    const again = sqliteRegistry(openDatabase(path))
    expect(await again.services.list()).toEqual([serviceRecord('default', 'web')])
    expect(await again.endpoints.list()).toEqual([endpointRecord('b', 'web'), endpointRecord('a', 'web')])
  })

  it('what another version has written is read as far as it is known, and else left where it is', async () => {
    const path = join(folder, 'registry.db')
    const first = openDatabase(path)
    const registry = sqliteRegistry(first)
    for (const name of ['a', 'b', 'c']) await registry.endpoints.put(endpointRecord(name, 'web'))
    const read = (key: string) =>
      String(first.prepare('SELECT value FROM registry_endpoint WHERE key = ?').get(key)?.['value'])
    const write = (key: string, value: string) =>
      first.prepare('UPDATE registry_endpoint SET value = ? WHERE key = ?').run(value, key)
    write('a', read('a').replaceAll(/^{|"(object|endpoint|pod)":{/g, '$&"later":{"of":1},'))
    write('b', '{"object":{}}')
    write('c', 'not json')
    const told: string[] = []
    const again = sqliteRegistry(first, { ...silent, warn: (_fields, message) => told.push(message) })
    expect((await again.endpoints.list()).map(({ endpoint, pid }) => [endpoint.name, pid])).toEqual([
      ['a', 4711],
    ])
    expect(told).toEqual([
      expect.stringMatching(/^endpoint b was written by another version/),
      expect.stringMatching(/^endpoint c was written by another version/),
    ])
    expect(read('c')).toBe('not json')
    await again.endpoints.put(endpointRecord('c', 'web'))
    await expect(sqliteRegistry(first).endpoints.get('c')).resolves.toEqual(endpointRecord('c', 'web'))
  })

  it('put() is STORAGE when the disk is full, and the record is not there', async () => {
    const database = openDatabase(join(folder, 'full.db'))
    const { endpoints } = sqliteRegistry(database)
    const pages = Number(database.prepare('PRAGMA page_count').get()?.['page_count'])
    database.exec(`PRAGMA max_page_count = ${pages}`)
    const large = endpointRecord('a', 'web')
    const labels = Object.fromEntries(
      Array.from({ length: 400 }, (_, index) => [`label-${index}`, 'x'.repeat(60)]),
    )
    await expect(endpoints.put({ ...large, pod: { ...large.pod, labels } })).rejects.toMatchObject({
      code: 'STORAGE',
    })
    expect(await endpoints.list()).toEqual([])
  })
})
