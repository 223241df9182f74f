import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type FakeApi, fakeApi } from '#kube/fake-api.ts'
import { fakeEndpoint } from '#manager/fake-endpoint.ts'
import { fakeForwarder } from '#manager/fake-forwarder.ts'
import { eventually, requestFor, type TestNode, testNode } from '#manager/fixture.ts'
import { openDatabase } from '#registry/database.ts'
import { silent } from '#sdk/log.ts'
import { NodePods } from './node-pods.ts'
import type { Report } from './tell-pods.ts'

const signal = new AbortController().signal

/** A cluster with one node, whose pods the API server tells of. */
interface World extends AsyncDisposable {
  readonly api: FakeApi
  readonly node: TestNode
  readonly create: (name: string, spec?: object) => Promise<string>
  readonly remove: (name: string) => Promise<void>
  readonly patch: (name: string, body: object) => Promise<void>
  /** Ends the manager and starts another one. */
  readonly restart: (whileAway: () => Promise<void>) => Promise<void>
}

async function world(report?: Report): Promise<World> {
  const api = fakeApi()
  const watch = () => new NodePods({ api, node: 'node-1', log: silent })
  let nodePods = watch()
  const node = await testNode({ nodePods, report })
  const at = (name: string) => `/api/v1/namespaces/default/pods/${name}`
  return {
    api,
    node,
    async create(name, spec = {}) {
      const body = {
        metadata: { name, labels: { app: name } },
        spec: { nodeName: 'node-1', serviceAccountName: 'default', ...spec },
      }
      const made = await api.call({ method: 'POST', path: '/api/v1/namespaces/default/pods', body, signal })
      return String(Object(made['metadata']).uid)
    },
    async remove(name) {
      await api.call({ method: 'DELETE', path: at(name), signal })
    },
    async patch(name, body) {
      await api.call({ method: 'PATCH', path: at(name), body, signal })
    },
    async restart(whileAway) {
      await node.stop()
      await nodePods[Symbol.asyncDispose]()
      await whileAway()
      nodePods = watch()
      await node.restart({ nodePods })
    },
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]()
      await nodePods[Symbol.asyncDispose]()
    },
  }
}

/** A world in which a client is connected to a gateway. */
async function connected(report?: Report) {
  const { node, create, ...rest } = await world(report)
  let forwarder = await fakeForwarder(node.baseDir)
  const gateway = await node.caller('ws-gateway', {
    pid: 11,
    netnsCookie: 11n,
    podUids: [await create('gateway')],
  })
  const endpoint = await fakeEndpoint(node, gateway, { service: 'vpn' })
  const uid = await create('client')
  const peer = { pid: 12, netnsCookie: 12n, podUids: [uid] }
  const client = await node.caller('ws-client', peer)
  await client.service.request(requestFor('vpn'))
  const [wired] = await node.connections()
  return {
    node,
    create,
    ...rest,
    get forwarder() {
      return forwarder
    },
    /** The forwarder registers with the manager that was started again. */
    async registerAgain() {
      const before = forwarder.wired
      await forwarder[Symbol.asyncDispose]()
      forwarder = await fakeForwarder(node.baseDir, { wired: before })
    },
    endpoint,
    client,
    peer,
    uid,
    id: String(wired?.connection?.id),
    async [Symbol.asyncDispose]() {
      await endpoint[Symbol.asyncDispose]()
      await forwarder[Symbol.asyncDispose]()
      await rest[Symbol.asyncDispose]()
    },
  }
}

/** Puts another text into the row of each pod in the journal, as another version or a bad disk may. */
function changePods({ baseDir }: TestNode, text: (before: string) => string): void {
  const database = openDatabase(join(baseDir, 'manager.db'))
  for (const { key, value } of database.prepare('SELECT key, value FROM journal_pod').all())
    database.prepare('UPDATE journal_pod SET value = ? WHERE key = ?').run(text(String(value)), String(key))
  database.close()
}

const workspaceOf = (node: TestNode) => join(node.baseDir, 'ws-client')

describe('a pod of a cluster', () => {
  it.each([
    { story: 'cannot be read', text: () => 'not json' },
    {
      story: 'lacks the network namespace',
      text: (before: string) => before.replace(/"netnsCookie":"\d+",?/, ''),
    },
  ])('whose row in the journal $story keeps its connection and its endpoint', async ({ text }) => {
    await using at = await connected()
    await at.restart(async () => changePods(at.node, text))
    await at.registerAgain()
    await eventually('the client is served again', () =>
      at.client.service.request(requestFor('vpn')).catch(() => undefined),
    )
    expect([at.forwarder.wired.size, at.forwarder.closed, at.endpoint.closed]).toEqual([1, [], []])
    expect((await at.node.connections())[0]?.client).toMatchObject({ name: 'client', netnsCookie: 12n })
    const { endpoints } = await at.node.admin.listEndpoints({})
    expect(endpoints).toHaveLength(1)
  })

  it('is known by its cgroup, with what the API server says of it', async () => {
    await using at = await connected()
    const [wired] = await at.node.connections()
    expect(wired?.client).toMatchObject({
      uid: at.uid,
      name: 'client',
      namespace: 'default',
      labels: { app: 'client' },
      serviceAccount: 'default',
      netnsCookie: 12n,
    })
  })

  it('may call before the API server has told of it', async () => {
    await using at = await world()
    const { asked } = await at.api.cutOff(async () => {
      const uid = await at.create('late')
      const caller = await at.node.caller('w', { pid: 5, netnsCookie: 5n, podUids: [uid] })
      return { asked: caller.services.register({ name: 'vpn' }) }
    })
    expect(await asked).toMatchObject({ name: 'vpn' })
  })

  it.each([
    { story: 'with hostNetwork', spec: { hostNetwork: true }, says: /hostNetwork: true/ },
    { story: 'of another node', spec: { nodeName: 'node-2' }, says: /has told of no living pod/ },
    { story: 'whose process is not visible', peer: { pid: 0 }, says: /hostPID/ },
    { story: 'that is none', peer: { podUids: [] }, says: /of no pod/ },
    { story: 'that nobody knows', peer: { podUids: ['nobody'] }, says: /has told of no living pod nobody/ },
  ])('$story is DENIED in words', async ({ spec = {}, peer = {}, says }) => {
    await using at = await world()
    const uid = await at.create('p', spec)
    const caller = await at.node.caller('w', { pid: 5, netnsCookie: 5n, podUids: [uid], ...peer })
    await expect(caller.services.register({ name: 'vpn' })).rejects.toThrow(says)
  })

  it('is DENIED when its cgroups are of two pods, and at the workspace of another', async () => {
    await using at = await world()
    const [a, b] = [await at.create('a'), await at.create('b')]
    const both = await at.node.caller('both', { pid: 5, netnsCookie: 5n, podUids: [a, b] })
    await expect(both.services.register({ name: 'vpn' })).rejects.toThrow(/default\/a, default\/b/)
    const first = await at.node.caller('w', { pid: 6, netnsCookie: 6n, podUids: [a] })
    await first.services.register({ name: 'vpn' })
    await at.node.restart({})
    const second = await at.node.caller('w', { pid: 7, netnsCookie: 7n, podUids: [b] })
    await expect(second.services.register({ name: 'vpn' })).rejects.toThrow(/belongs to another/)
  })

  it('is forgotten when it is deleted and its links are gone, not before', async () => {
    await using at = await connected()
    await at.remove('client')
    await at.create('other')
    const other = await at.node.caller('w', { pid: 0, netnsCookie: 1n })
    await expect(other.services.register({ name: 'x' })).rejects.toThrow()
    expect(await at.node.connections()).toHaveLength(1)
    expect(existsSync(workspaceOf(at.node))).toBe(true)
    at.forwarder.lose(at.id, 'source')
    await eventually('its workspace is gone', () => (existsSync(workspaceOf(at.node)) ? undefined : true))
    expect(await at.node.connections()).toEqual([])
    expect(at.endpoint.closed).toHaveLength(1)
    expect(at.forwarder.wired.size).toBe(0)
  })

  it.each(['Succeeded', 'Failed'])('is forgotten when its phase is %s', async phase => {
    await using at = await connected()
    at.forwarder.lose(at.id, 'source')
    await eventually('it is unwired', async () =>
      (await at.node.connections()).length === 0 ? true : undefined,
    )
    await at.patch('client', { status: { phase } })
    await eventually('its workspace is gone', () => (existsSync(workspaceOf(at.node)) ? undefined : true))
  })

  it('that ended while no manager was there is forgotten by the next one', async () => {
    await using at = await connected()
    await at.restart(async () => at.remove('client'))
    await at.registerAgain()
    at.forwarder.lose(at.id, 'source')
    await eventually('its workspace is gone', () => (existsSync(workspaceOf(at.node)) ? undefined : true))
    expect(await at.node.connections()).toEqual([])
  })

  it('that lives on while no manager was there keeps what it has', async () => {
    await using at = await connected()
    await at.restart(async () => undefined)
    await at.registerAgain()
    const [wired] = await eventually('it serves', () => at.node.connections().catch(() => undefined))
    expect(wired?.client?.uid).toBe(at.uid)
    await at.client.service.request(requestFor('vpn'))
    expect(await at.node.connections()).toHaveLength(1)
  })

  it('is believed to be what the journal says, when the API server is away as the manager starts', async () => {
    await using at = await connected()
    const unknown = await at.create('unknown')
    await at.api.cutOff(async () => {
      await at.restart(async () => undefined)
      await at.registerAgain()
      await eventually('it serves', () => at.client.service.request(requestFor('vpn')).catch(() => undefined))
      const stranger = await at.node.caller('w', { pid: 5, netnsCookie: 5n, podUids: [unknown] })
      await expect(stranger.services.register({ name: 'x' })).rejects.toThrow(/API server does not answer/)
    })
    expect(await at.node.connections()).toHaveLength(1)
  })

  it('whose sandbox is made anew loses what it had and gets it again; the old one may ask no more', async () => {
    await using at = await connected()
    await at.node.restart()
    await at.registerAgain()
    at.node.peers.set('ws-client', { ...at.peer, netnsCookie: 99n })
    await eventually('it serves', () => at.client.service.request(requestFor('vpn')).catch(() => undefined))
    const [wired, ...others] = await at.node.connections()
    expect([wired?.client?.netnsCookie, others.length]).toEqual([99n, 0])
    expect(at.endpoint.closed).toHaveLength(1)
    const old = await at.node.caller('w-old', at.peer)
    await expect(old.services.register({ name: 'x' })).rejects.toThrow(/has left/)
  })

  it('registers with the labels that it has at that time', async () => {
    await using at = await connected()
    await at.patch('client', { metadata: { labels: { app: 'client', tier: 'new' } } })
    const labelsOf = async () => {
      const { networkServiceLabels } = await at.client.endpoints.register({ networkServiceNames: ['shop'] })
      return networkServiceLabels['shop']?.labels['tier']
    }
    await eventually('the label is known', async () => ((await labelsOf()) === 'new' ? true : undefined))
  })

  it('is told by Events why it waits, that it is connected, and when that ends', async () => {
    const told: string[] = []
    await using at = await connected(make => {
      const { regarding, type, reason, note } = make() ?? {}
      if (reason !== undefined) told.push(`${regarding?.kind} ${regarding?.name} ${type} ${reason}: ${note}`)
    })
    const lonely = await at.create('lonely')
    const caller = await at.node.caller('w', { pid: 5, netnsCookie: 5n, podUids: [lonely] })
    await expect(caller.service.request(requestFor('dns'))).rejects.toThrow()
    await at.client.service.request(requestFor('vpn'))
    at.forwarder.lose(at.id, 'both')
    await eventually('it is mended', () => told.find(text => text.includes('Healed')))
    expect(told).toEqual([
      'Pod gateway Normal NetworkServiceOffered: default/gateway offers vpn',
      'Pod client Normal NetworkServiceConnected: connected to vpn by interface nsm0 (10.0.0.1/30): default/gateway on node node-1',
      'Pod lonely Warning NetworkServiceNoEndpoint: waits for dns: no network service dns in namespace default or nsm-system: apply a NetworkService of that name, or start an endpoint that offers it',
      'Pod client Warning NetworkServiceLost: the connection to vpn is down: its links had been deleted',
      'Pod client Normal NetworkServiceHealed: connected again to vpn by interface nsm0 (10.0.0.1/30): default/gateway on node node-1',
    ])
  })
})
