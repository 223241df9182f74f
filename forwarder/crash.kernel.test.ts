import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dumpNetns } from '#kernel/dump.ts'
import { netlinkKernel } from '#kernel/netlink.ts'
import { createNetns, nodeNetns } from '#kernel/netns.ts'
import { temporaryFolder } from '#kernel/scratch.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { type Act, type Lives, newLives } from './crash-harness.ts'
import { type Pods, pair, plain, type Scenario, type Shape, scenarios } from './crash-scenarios.ts'
import { tablesByRules } from './crash-tables.ts'
import { ipv4Pair } from './example.ts'

/**
 * kill -9 between any two requests to the kernel. The next life of the forwarder is told what is wanted, which is the
 * change or, when the manager gave it up, what was before; then all namespaces hold exactly that.
 */
describe('a forwarder that is killed at any request to the kernel', () => {
  const owned = new AsyncDisposableStack()
  let pods: Pods
  let lives: Lives
  let dump: () => readonly string[]
  let empty: readonly string[]
  let folder: string

  beforeAll(async () => {
    folder = owned.use(temporaryFolder()).path
    makeUnderlay()
    owned.defer(removeUnderlay)
    const make = (name: string) => owned.use(createNetns(`${folder}/${name}`))
    const all = ['client', 'endpoint', 'otherClient', 'otherEndpoint'].map(make)
    const [client, endpoint, otherClient, otherEndpoint] = all
    if (
      client === undefined ||
      endpoint === undefined ||
      otherClient === undefined ||
      otherEndpoint === undefined
    )
      throw new Error('no pods')
    pods = { client, endpoint, otherClient, otherEndpoint }
    dump = () => [...all, nodeNetns()].flatMap((netns, at) => dumpNetns(netns).map(line => `${at} ${line}`))
    lives = owned.use(await newLives(folder))
    empty = dump()
  })

  afterAll(() => owned.disposeAsync())

  const actOf =
    (shape: Shape | undefined): Act =>
    forwarder =>
      shape === undefined ? forwarder.close({ id: 'x1' }) : forwarder.request(shape(pods))

  const settleOn = (shape: Shape | undefined) => lives.settle(shape === undefined ? [] : [shape(pods)])

  /** An interface that the kernel is removing may be seen a moment longer. */
  async function expectToFind(shape: Shape | undefined, expected: readonly string[], after: number) {
    const found = () => comparable(dump(), shape?.(pods))
    await expect.poll(found, { timeout: 5000, message: `killed after ${after} requests` }).toEqual(expected)
  }

  /** What there should be, by what there is when nobody is killed. */
  async function clean(shape: Shape | undefined): Promise<readonly string[]> {
    await lives.settle([])
    if (shape === undefined) return empty
    await lives.perform(actOf(shape))
    const wanted = comparable(dump(), shape(pods))
    await lives.settle([])
    await expectToFind(undefined, empty, 0)
    return wanted
  }

  test.each(scenarios)('in a $name', { timeout: 120_000 }, async ({ from, to }: Scenario) => {
    const changed = { wanted: to, expected: await clean(to) }
    const before = { wanted: from, expected: await clean(from) }
    if (from !== undefined) await lives.perform(actOf(from))
    const requests = await lives.perform(actOf(to))
    await lives.settle([])
    expect(requests.length).toBeGreaterThan(2)
    for (let after = 0; after <= requests.length; after++) {
      // Where only questions lie between two points they are the same to the kernel, so one outcome is enough.
      const same = after > 0 && isQuestion(requests[after - 1])
      for (const { wanted, expected } of same ? [after % 2 === 0 ? changed : before] : [changed, before]) {
        if (from !== undefined) await lives.perform(actOf(from))
        await lives.killWithin(actOf(to), after)
        await settleOn(wanted)
        await expectToFind(wanted, expected, after)
        if (same && from !== undefined) continue
        await lives.settle([])
        await expectToFind(undefined, empty, after)
      }
    }
    await lives.settle([])
  })

  test('in a create in pods that it had never seen, which it must find again', {
    timeout: 60_000,
  }, async () => {
    for (let after = 0, sent = 1; after <= sent; after++) {
      using client = createNetns(`${folder}/new-client-${after}`)
      using endpoint = createNetns(`${folder}/new-endpoint-${after}`)
      const bare = [client, endpoint].map(dumpNetns)
      const act: Act = forwarder => forwarder.request(plain({ ...pods, client, endpoint }))
      if (after === 0) sent = (await lives.perform(act)).length
      else await lives.killWithin(act, after)
      await lives.settle([])
      await expect
        .poll(() => [client, endpoint].map(dumpNetns), { message: `killed after ${after}` })
        .toEqual(bare)
    }
  })

  test('in a create beside another connection, which stays the same', { timeout: 60_000 }, async () => {
    const other = { ...pair(pods, { name: 'other', context: ipv4Pair('10.9.9') }), id: 'x2' }
    const indexOf = () => {
      using kernel = netlinkKernel()
      using client = kernel.open(pods.client)
      return client.link.get('other')?.index
    }
    await lives.settle([other])
    const [alone, index] = [dump(), indexOf()]
    const requests = await lives.perform(actOf(plain))
    for (let after = 0; after <= requests.length; after++) {
      await lives.settle([other])
      await lives.killWithin(actOf(plain), after)
      await lives.settle([other])
      await expect.poll(dump, { message: `killed after ${after} requests` }).toEqual(alone)
      expect(indexOf()).toBe(index)
    }
    await lives.settle([])
  })

  test('in its start, while it undoes what another life had not finished', { timeout: 60_000 }, async () => {
    const shape = scenarios.find(({ name }) => name === 'create')?.to
    const made = (await lives.perform(actOf(shape))).indexOf('RTM_NEWLINK') + 1
    await lives.settle([])
    for (let after = 0, outcome = 'yes'; outcome === 'yes'; after++) {
      await lives.killWithin(actOf(shape), made)
      outcome = await lives.killAtStart(after)
      await lives.settle([])
      await expectToFind(undefined, empty, after)
    }
  })
})

function isQuestion(request: string | undefined): boolean {
  return request?.startsWith('RTM_GET') ?? false
}

/** A MAC that was asked for stays when nobody asks for one any more, so then any will do. */
function comparable(lines: readonly string[], wanted: CrossConnect | undefined): readonly string[] {
  const plansMacs = wanted?.source?.context?.ethernetContext !== undefined
  return tablesByRules(plansMacs ? lines : lines.map(withoutMac))
}

function withoutMac(line: string): string {
  return line.replace(/ [0-9a-f]{2}(:[0-9a-f]{2}){5} mtu/, ' any mtu')
}

/** An interface of the node with an address and a neighbouring node, for tunnels. */
function makeUnderlay(): void {
  using kernel = netlinkKernel()
  using own = kernel.openOwn()
  own.link.createVeth({ name: 'under0' }, { name: 'under1', namespace: own })
  for (const name of ['under0', 'under1']) {
    const link = own.link.get(name)
    if (link !== undefined) own.link.set(link.index, { admin: 'up' })
    if (link !== undefined && name === 'under0') own.addr.add(link.index, '192.0.2.1/24')
  }
}

/** The namespace of the node is that of all tests, and others have a network of these addresses too. */
async function removeUnderlay(): Promise<void> {
  using kernel = netlinkKernel()
  using own = kernel.openOwn()
  const link = own.link.get('under0')
  if (link !== undefined) await own.link.remove(link.index)
}
