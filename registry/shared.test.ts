import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silent } from '#sdk/log.ts'
import { dial } from '#sdk/rpc/dial.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { openDatabase } from './database.ts'
import { memoryRegistry } from './memory.ts'
import { endpointRecord, registryContract, serviceRecord } from './registry.contract.ts'
import type { Registry } from './registry.ts'
import { SharedRegistry } from './shared.ts'
import { sqliteRegistry } from './sqlite.ts'
import { type RunningRegistry, startRegistry } from './start.ts'

let folder = ''
let undo = new AsyncDisposableStack()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shared-'))
  undo = new AsyncDisposableStack()
})
afterEach(async () => {
  await undo.disposeAsync()
  rmSync(folder, { recursive: true, force: true })
})

function address(): Address {
  return `unix://${join(folder, 'registry.sock')}`
}

function start(
  options: { readonly file?: string; readonly leaseMs?: number } = {},
): Promise<RunningRegistry> {
  const { file = 'registry.db', leaseMs = 30_000 } = options
  return startRegistry({ address: address(), file: join(folder, file), leaseMs, log: silent })
}

function managerOf(node: string, cache: Registry = memoryRegistry()): SharedRegistry {
  return undo.use(new SharedRegistry({ channel: dial(address()), node, cache, log: silent }))
}

/** Waits until `probe` is true; the test's own deadline ends it. */
async function until(probe: () => Promise<boolean>): Promise<void> {
  while (!(await probe())) await new Promise(resolve => setImmediate(resolve))
}

async function namesOf(registry: Registry): Promise<readonly string[]> {
  return (await registry.endpoints.list()).map(({ endpoint }) => endpoint.name)
}

const there = { ...endpointRecord('there', 'web', { uid: 'u2' }), node: 'node-2' }

registryContract('SharedRegistry', async () => {
  undo.use(await start())
  return managerOf('node-1')
})

registryContract('SharedRegistry with a cache in SQLite', async () => {
  undo.use(await start())
  return managerOf('node-1', sqliteRegistry(openDatabase(join(folder, 'cache.db'))))
})

describe('SharedRegistry', () => {
  it('what one manager puts and removes, another one sees', async () => {
    undo.use(await start())
    const [one, two] = [managerOf('node-1'), managerOf('node-2')]
    await one.services.put(serviceRecord('default', 'web'))
    await two.endpoints.put(there)
    await until(async () => (await namesOf(one)).includes('there'))
    expect(await one.endpoints.get('there')).toEqual(there)
    await until(async () => (await two.services.list()).length === 1)
    await two.endpoints.remove('there')
    await until(async () => (await namesOf(one)).length === 0)
  })

  it('a name belongs to one pod of all nodes', async () => {
    undo.use(await start())
    const [one, two] = [managerOf('node-1'), managerOf('node-2')]
    await two.endpoints.put(there)
    await expect(one.endpoints.put(endpointRecord('there', 'web'))).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    })
  })

  it('reads go on while the registry is away, and writes say that it is', async () => {
    const running = await start()
    const one = managerOf('node-1')
    await one.endpoints.put(endpointRecord('a', 'web'))
    await running[Symbol.asyncDispose]()
    expect(await namesOf(one)).toEqual(['a'])
    await expect(one.services.put(serviceRecord('default', 'web'))).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
    })
  })

  it('what changed on both sides while the registry was away is the same everywhere afterwards', async () => {
    const running = await start()
    const [one, two] = [managerOf('node-1'), managerOf('node-2')]
    await one.endpoints.put(endpointRecord('gone', 'web'))
    await one.endpoints.put(endpointRecord('stays', 'web'))
    await until(async () => (await namesOf(two)).length === 2)
    await running[Symbol.asyncDispose]()
    await one.endpoints.remove('gone')
    undo.use(await start())
    await until(async () => (await namesOf(two)).length === 1)
    expect(await namesOf(two)).toEqual(['stays'])
  })

  it('a registry that has lost its database gets everything again', async () => {
    const running = await start()
    const one = managerOf('node-1')
    await one.services.put(serviceRecord('default', 'web'))
    await one.endpoints.put(endpointRecord('a', 'web'))
    await running[Symbol.asyncDispose]()
    undo.use(await start({ file: 'empty.db' }))
    const two = managerOf('node-2')
    await until(async () => (await namesOf(two)).length === 1)
    await until(async () => (await two.services.list()).length === 1)
    expect(await namesOf(one)).toEqual(['a'])
  })

  it('a manager that is started again over its cache knows everything before the registry answers', async () => {
    const cache = memoryRegistry()
    {
      await using _running = await start()
      await using one = new SharedRegistry({ channel: dial(address()), node: 'node-1', cache, log: silent })
      await one.endpoints.put(endpointRecord('a', 'web'))
    }
    const again = managerOf('node-1', cache)
    expect(await namesOf(again)).toEqual(['a'])
    await again.endpoints.remove('a')
    undo.use(await start())
    const two = managerOf('node-2')
    await two.services.put(serviceRecord('default', 'web'))
    await until(async () => (await namesOf(two)).length === 0)
  })

  it('the endpoints of a manager that does not come back are taken away, those of others stay', async () => {
    undo.use(await start({ leaseMs: 50 }))
    const one = managerOf('node-1')
    await one.endpoints.put(endpointRecord('a', 'web'))
    {
      await using two = new SharedRegistry({
        channel: dial(address()),
        node: 'node-2',
        cache: memoryRegistry(),
        log: silent,
      })
      await two.endpoints.put(there)
      await until(async () => (await namesOf(one)).length === 2)
    }
    await until(async () => (await namesOf(one)).length === 1)
    expect(await namesOf(one)).toEqual(['a'])
  })

  it('an endpoint whose name was given away meanwhile gives it up', async () => {
    const cache = memoryRegistry()
    await cache.endpoints.put(endpointRecord('there', 'web'))
    undo.use(await start())
    const two = managerOf('node-2')
    await two.endpoints.put(there)
    const one = managerOf('node-1', cache)
    await until(async () => (await one.endpoints.get('there'))?.node === 'node-2')
  })
})
