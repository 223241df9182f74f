import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '#registry/database.ts'
import { silent } from '#sdk/log.ts'
import { fakeEndpoint } from './fake-endpoint.ts'
import { fakeForwarder } from './fake-forwarder.ts'
import { addressOf, eventually, requestFor, testNode } from './fixture.ts'
import { openState } from './state.ts'

describe('a manager that was restarted', () => {
  it('knows its connections, refreshes them without a change, and closes them', async () => {
    await using node = await testNode()
    await using endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    const before = await fakeForwarder(node.baseDir)
    const first = await client.service.request(requestFor('vpn'))
    const [record] = await node.connections()
    const told = (await node.events()).length
    await before[Symbol.asyncDispose]()
    await eventually('the forwarder is gone', async () =>
      (await node.admin.status({})).forwarders.length === 0 ? true : undefined,
    )

    await node.restart()
    await using forwarder = await fakeForwarder(node.baseDir, { wired: before.wired })

    const [again] = await eventually('the connections are listed', () =>
      node.connections().catch(() => undefined),
    )
    expect(again?.connection?.id).toBe(record?.connection?.id)
    expect(again?.created).toEqual(record?.created)
    expect((await node.events()).length).toBeGreaterThanOrEqual(told)
    const second = await client.service.request(requestFor('vpn'))
    expect(addressOf(second)).toBe(addressOf(first))
    expect(forwarder.wired.size).toBe(1)
    await client.service.close(second)
    expect(forwarder.wired.size).toBe(0)
    expect(endpoint.closed).toHaveLength(1)
    expect(await node.connections()).toEqual([])
  })

  it('leaves a connection as it is when its first refresh fails, and ends all of it later', async () => {
    await using node = await testNode()
    await using endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    const before = await fakeForwarder(node.baseDir)
    const answer = await client.service.request(requestFor('vpn'))
    await before[Symbol.asyncDispose]()
    await node.restart()
    await using forwarder = await fakeForwarder(node.baseDir, { wired: before.wired })
    await eventually('it serves', () => node.connections().catch(() => undefined))
    forwarder.failure = new Error('no')
    await expect(client.service.request(requestFor('vpn'))).rejects.toThrow()
    expect([forwarder.wired.size, endpoint.closed.length]).toEqual([1, 0])
    expect(await node.connections()).toHaveLength(1)
    forwarder.failure = undefined
    await client.service.close(answer)
    expect([forwarder.wired.size, endpoint.closed.length]).toEqual([0, 1])
    expect(await node.connections()).toEqual([])
  })

  it('serves its workspaces and knows its endpoints before anybody tells it of them again', async () => {
    await using node = await testNode()
    await using endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    await node.restart()
    await using _forwarder = await fakeForwarder(node.baseDir)
    expect(
      addressOf(
        await eventually('it serves', () => client.service.request(requestFor('vpn')).catch(() => undefined)),
      ),
    ).toBe('10.0.0.1/30')
    expect(endpoint.asked).toHaveLength(1)
  })

  it('ends all of a pod that its predecessor was killed in the middle of ending', async () => {
    await using node = await testNode({ staleMs: 50 })
    await using _forwarder = await fakeForwarder(node.baseDir)
    const [gone, stays] = [await node.pod('gone'), await node.pod('stays')]
    await node.stop()
    // As after the first half: the pod is out of sight, its workspace is not.
    const state = openState({
      node: 'node-1',
      baseDir: node.baseDir,
      journal: '',
      bootId: 'boot-1',
      log: silent,
    })
    state.pods.retire(gone.uid)
    await state[Symbol.asyncDispose]()
    await node.restart()
    const pod = { uid: stays.uid, name: stays.name, namespace: 'default', netnsCookie: stays.cookie }
    await eventually('the runner tells again', () => node.nsmd.putPod(pod).catch(() => undefined))
    await eventually('the workspace is freed', () =>
      existsSync(join(node.baseDir, gone.workspace)) ? undefined : true,
    )
    expect((await node.nsmd.enumConnection({})).workspace).toEqual([stays.workspace])
  })

  it('frees a workspace whose pod nobody knows, and one that it is told again to free', async () => {
    await using node = await testNode()
    const [forgotten, told] = [await node.pod('forgotten'), await node.pod('told')]
    await node.stop()
    const state = openState({
      node: 'node-1',
      baseDir: node.baseDir,
      journal: '',
      bootId: 'boot-1',
      log: silent,
    })
    state.pods.remove(forgotten.uid)
    await state[Symbol.asyncDispose]()
    await node.restart()
    expect(existsSync(join(node.baseDir, forgotten.workspace))).toBe(false)
    expect((await node.nsmd.enumConnection({})).workspace).toEqual([told.workspace])
    await node.nsmd.deletePod({ uid: told.uid })
    expect(existsSync(join(node.baseDir, told.workspace))).toBe(false)
  })

  it('forgets the pods that the runner does not tell of any more, unless they are connected', async () => {
    await using node = await testNode({ staleMs: 50 })
    await using forwarder = await fakeForwarder(node.baseDir)
    const gateway = await node.pod('gateway')
    await using _endpoint = await fakeEndpoint(node, gateway, { service: 'vpn' })
    const [client, idle, told] = [await node.pod('client'), await node.pod('idle'), await node.pod('told')]
    await client.service.request(requestFor('vpn'))
    await node.restart()
    expect(existsSync(join(node.baseDir, idle.workspace))).toBe(true)
    const pod = { uid: told.uid, name: told.name, namespace: 'default', netnsCookie: told.cookie }
    await eventually('the runner tells again', () => node.nsmd.putPod(pod).catch(() => undefined))
    await eventually('the idle pod is forgotten', async () =>
      (await node.nsmd.enumConnection({})).workspace.includes(idle.workspace) ? undefined : true,
    )
    const { workspace } = await node.nsmd.enumConnection({})
    expect(workspace.toSorted()).toEqual([client.workspace, gateway.workspace, told.workspace])
    expect(forwarder.wired.size).toBe(1)
  })

  it('has forgotten everything after a boot of the machine', async () => {
    await using node = await testNode()
    await using _endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    await using other = await testNode({
      journal: join(node.baseDir, 'manager.db'),
      bootId: 'boot-2',
      node: 'node-1',
    })
    expect(await other.admin.status({})).toMatchObject({ connections: 0, endpoints: 0, workspaces: 0 })
  })
})

describe('a disk that is full', () => {
  it('is STORAGE to the client, and nothing is left behind', async () => {
    await using node = await testNode()
    await using endpoint = await fakeEndpoint(node, await node.pod('gateway'), { service: 'vpn' })
    const client = await node.pod('client')
    await node.restart({ database: { maxPages: pagesOf(join(node.baseDir, 'manager.db')) } })
    await using forwarder = await fakeForwarder(node.baseDir)
    const request = requestFor('vpn', { labels: { large: 'x'.repeat(50_000) } })
    await expect(client.service.request(request)).rejects.toMatchObject({ code: 'STORAGE' })
    expect(forwarder.wired.size).toBe(0)
    expect(endpoint.closed).toHaveLength(1)
    expect(await node.connections()).toEqual([])
  })
})

function pagesOf(path: string): number {
  const database = openDatabase(path)
  try {
    return Number(database.prepare('PRAGMA page_count').get()?.['page_count'])
  } finally {
    database.close()
  }
}
