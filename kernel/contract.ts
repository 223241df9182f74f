/** What every implementation of the port `Kernel` does: run on the fake one and on the real one. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NetnsName } from './link-plan.ts'
import type { Kernel, KernelEvent, Link, Namespace } from './port.ts'
import { canonicalRoute } from './same.ts'

/** An implementation and what tests need besides its port. */
export interface KernelHarness extends AsyncDisposable {
  readonly kernel: Kernel
  addNetns(): NetnsName
  removeNetns(netns: NetnsName): void
  /** Adds an address that is not marked as ours. */
  addForeignAddress(netns: NetnsName, index: number, cidr: string): void
  /** Adds an IPv4 rule for all packets that is not marked as ours. */
  addForeignRule(netns: NetnsName, table: number): void
}

/** Tests of the verbs. */
export function kernelContract(make: () => KernelHarness): void {
  let harness: KernelHarness
  let names: readonly [NetnsName, NetnsName]
  let pod: Namespace
  let other: Namespace

  beforeEach(() => {
    harness = make()
    names = [harness.addNetns(), harness.addNetns()]
    pod = harness.kernel.open(names[0])
    other = harness.kernel.open(names[1])
  })

  afterEach(async () => {
    pod[Symbol.dispose]()
    other[Symbol.dispose]()
    await harness[Symbol.asyncDispose]()
  })

  /** A pair `a` (in `pod`) and `b` (in `other`), both up; returns both. */
  function pair(): readonly [Link, Link] {
    pod.link.createVeth({ name: 'a' }, { name: 'b', namespace: other })
    const [a, b] = [linkOf(pod, 'a'), linkOf(other, 'b')]
    pod.link.set(a.index, { admin: 'up' })
    other.link.set(b.index, { admin: 'up' })
    return [linkOf(pod, 'a'), linkOf(other, 'b')]
  }

  describe('open()', () => {
    test('throws ENOENT when the namespace is gone', () => {
      expect(() => harness.kernel.open({ cookie: 0xffff_ffffn })).toThrow('ENOENT')
    })

    test("throws EPERM when the namespace is the node's own", () => {
      using own = harness.kernel.openOwn()
      expect(() => harness.kernel.open(own.netns)).toThrow('EPERM')
    })
  })

  describe('link', () => {
    test('createVeth() makes an end in each namespace, down, with what was asked for', () => {
      const mac = '02:00:00:00:AB:01'
      pod.link.createVeth({ name: 'a', mtu: 1400 }, { name: 'b', mac, namespace: other })
      const [a, b] = [linkOf(pod, 'a'), linkOf(other, 'b')]
      expect(a).toMatchObject({ kind: 'veth', mtu: 1400, admin: 'down', alias: '', peer: b.index })
      expect(b).toMatchObject({
        kind: 'veth',
        mac: mac.toLowerCase(),
        admin: 'down',
        carrier: 'no',
        peer: a.index,
      })
    })

    test('createVeth() throws EEXIST and makes nothing when either name is taken', () => {
      pod.link.createVeth({ name: 'a' }, { name: 'b', namespace: other })
      expect(() => pod.link.createVeth({ name: 'a' }, { name: 'c', namespace: other })).toThrow('EEXIST')
      expect(() => pod.link.createVeth({ name: 'c' }, { name: 'b', namespace: other })).toThrow('EEXIST')
      expect([pod.link.get('c'), other.link.get('c')]).toEqual([undefined, undefined])
    })

    test('createBridge() makes a bridge that set() can put an interface into', () => {
      const [a] = pair()
      pod.link.createBridge('br')
      pod.link.set(a.index, { master: linkOf(pod, 'br').index })
      expect(linkOf(pod, 'br').kind).toBe('bridge')
      expect(() => pod.link.createBridge('br')).toThrow('EEXIST')
    })

    test('set() changes name, alias, MTU, MAC and state, and leaves the rest', () => {
      const [a] = pair()
      pod.link.set(a.index, { name: 'eth9', alias: 'nsm:x:src', mtu: 1300, mac: '02:00:00:00:00:09' })
      const changed = linkOf(pod, 'eth9')
      expect(changed).toMatchObject({
        index: a.index,
        alias: 'nsm:x:src',
        mtu: 1300,
        mac: '02:00:00:00:00:09',
        admin: 'up',
      })
      expect(pod.link.tagged('nsm:x:src')?.index).toBe(a.index)
      pod.link.set(a.index, { admin: 'down' })
      expect(linkOf(pod, 'eth9')).toMatchObject({ admin: 'down', mtu: 1300 })
    })

    test('set() throws EEXIST for a taken name, EINVAL for an impossible MTU, ENODEV for no interface', () => {
      const [a] = pair()
      expect(() => pod.link.set(a.index, { name: 'lo' })).toThrow('EEXIST')
      expect(() => pod.link.set(a.index, { mtu: 10 })).toThrow('EINVAL')
      expect(() => pod.link.set(999, { mtu: 1400 })).toThrow('ENODEV')
    })

    test('has a carrier when both ends are up', () => {
      const [a, b] = pair()
      expect(linkOf(pod, 'a').carrier).toBe('yes')
      other.link.set(b.index, { admin: 'down' })
      expect(linkOf(pod, 'a')).toMatchObject({ index: a.index, admin: 'up', carrier: 'no' })
    })

    test('remove() takes both ends, and succeeds when they are gone', async () => {
      const [a, b] = pair()
      await pod.link.remove(a.index)
      expect([pod.link.get('a'), other.link.get('b')]).toEqual([undefined, undefined])
      await pod.link.remove(a.index)
      await other.link.remove(b.index)
    })
  })

  describe('addr', () => {
    test('add() twice adds once, remove() twice removes once', () => {
      const [{ index }] = pair()
      for (const cidr of ['10.0.0.1/30', '10.0.0.1/30', '2001:DB8:0::1/64', '2001:db8::1/64'])
        pod.addr.add(index, cidr)
      expect(globalAddresses(pod, index)).toEqual(['10.0.0.1/30 ours', '2001:db8::1/64 ours'])
      for (const cidr of ['10.0.0.1/30', '10.0.0.1/30', '2001:db8::1/64']) pod.addr.remove(index, cidr)
      expect(globalAddresses(pod, index)).toEqual([])
    })

    test('list() tells ours from those of others', () => {
      const [{ index }] = pair()
      harness.addForeignAddress(names[0], index, '10.7.0.1/24')
      expect(globalAddresses(pod, index)).toEqual(['10.7.0.1/24 foreign'])
    })

    test('add() throws for a malformed address and for no interface, remove() of no interface succeeds', () => {
      expect(() => pod.addr.add(1, '10.0.0.256/30')).toThrow('EINVAL')
      expect(() => pod.addr.add(1, '10.0.0.1/33')).toThrow('EINVAL')
      expect(() => pod.addr.add(999, '10.0.0.1/30')).toThrow('ENODEV')
      pod.addr.remove(999, '10.0.0.1/30')
    })
  })

  describe('route', () => {
    test('add() and remove() are idempotent for link scope, gateways and both families', () => {
      const [{ index }] = pair()
      pod.addr.add(index, '10.0.0.1/30')
      pod.addr.add(index, '2001:db8::1/64')
      const routes = [
        { prefix: '10.9.0.0/16', via: '10.0.0.2' },
        { prefix: '10.8.0.0/16', via: '192.0.2.1' },
        { prefix: '192.0.2.7/32' },
        { prefix: '192.0.2.8/32', source: '10.0.0.1' },
        { prefix: '2001:db8:9::/48', via: '2001:db8::2' },
      ]
      for (const route of [...routes, ...routes]) pod.route.add(index, route)
      expect(routesOf(pod, index, 'ours')).toEqual(expect.arrayContaining(routes))
      expect(routesOf(pod, index, 'ours')).toHaveLength(routes.length)
      for (const route of [...routes, ...routes]) pod.route.remove(index, route)
      expect(routesOf(pod, index, 'ours')).toEqual([])
    })

    test('list() shows what the kernel derives from an address; add() of the same succeeds and adds nothing', () => {
      const [{ index }] = pair()
      pod.addr.add(index, '10.0.0.1/30')
      expect(routesOf(pod, index, 'kernel')).toEqual([{ prefix: '10.0.0.0/30', source: '10.0.0.1' }])
      pod.route.add(index, { prefix: '10.0.0.0/30' })
      expect(routesOf(pod, index, 'ours')).toEqual([])
    })

    test('add() throws EEXIST and replaces nothing when the prefix is routed otherwise', () => {
      const [{ index }] = pair()
      pod.addr.add(index, '10.0.0.1/24')
      pod.route.add(index, { prefix: '0.0.0.0/0', via: '10.0.0.2' })
      expect(() => pod.route.add(index, { prefix: '0.0.0.0/0', via: '10.0.0.3' })).toThrow('EEXIST')
      expect(routesOf(pod, index, 'ours')).toEqual([{ prefix: '0.0.0.0/0', via: '10.0.0.2' }])
    })

    test('add() throws ENETDOWN when the interface is down, EINVAL when the source is not its own', () => {
      const [{ index }] = pair()
      expect(() => pod.route.add(index, { prefix: '10.9.0.0/16', source: '10.0.0.1' })).toThrow('EINVAL')
      pod.link.set(index, { admin: 'down' })
      expect(() => pod.route.add(index, { prefix: '10.9.0.0/16' })).toThrow('ENETDOWN')
    })
  })

  test('neigh.add() replaces the entry of an address, remove() is idempotent', () => {
    const [{ index }] = pair()
    const [first, second] = ['02:00:00:00:00:01', '02:00:00:00:00:02']
    for (const mac of [first, second]) pod.neigh.add(index, { address: '10.0.0.2', mac })
    pod.neigh.add(index, { address: '2001:db8::2', mac: first })
    expect(pod.neigh.list(index)).toHaveLength(2)
    expect(pod.neigh.list(index)).toEqual(
      expect.arrayContaining([
        { address: '10.0.0.2', mac: second, origin: 'ours' },
        { address: '2001:db8::2', mac: first, origin: 'ours' },
      ]),
    )
    for (const address of ['10.0.0.2', '10.0.0.2', '2001:db8::2'])
      pod.neigh.remove(index, { address, mac: first })
    expect(pod.neigh.list(index)).toEqual([])
  })

  test('followed() finds the living namespaces that were followed, and no other', () => {
    harness.kernel.follow(pod)
    const found = [...harness.kernel.followed()].map(namespace => {
      using open = namespace
      return open.netns.cookie
    })
    expect(found).toContain(names[0].cookie)
    expect(found).not.toContain(names[1].cookie)
  })

  describe('events()', () => {
    test('tells of links that change and go and of the death of a followed namespace', async () => {
      const [a, b] = pair()
      const stop = new AbortController()
      for (const namespace of [pod, other, pod]) harness.kernel.follow(namespace)
      const events = harness.kernel.events(stop.signal)[Symbol.asyncIterator]()
      other.link.set(b.index, { alias: 'nsm:x:dst', admin: 'down' })
      await until(
        events,
        event => isOf(event, 'link.changed', [names[0], a.index]) && event.link.carrier === 'no',
      )
      other[Symbol.dispose]()
      harness.removeNetns(names[1])
      await until(events, event => event.type === 'netns.gone' && event.netns === names[1].cookie)
      stop.abort()
      expect((await drained(events)).done).toBe(true)
    })

    test('tells that both ends are gone when a pair was removed', async () => {
      const [a] = pair()
      const stop = new AbortController()
      for (const namespace of [pod, other]) harness.kernel.follow(namespace)
      const events = harness.kernel.events(stop.signal)[Symbol.asyncIterator]()
      await pod.link.remove(a.index)
      const gone: bigint[] = []
      await until(events, event => {
        if (event.type === 'link.gone') gone.push(event.netns)
        return gone.length === 2
      })
      expect(new Set(gone)).toEqual(new Set(names.map(({ cookie }) => cookie)))
      stop.abort()
    })
  })
}

function linkOf(namespace: Namespace, name: string): Link {
  const link = namespace.link.get(name)
  if (link === undefined) throw new Error(`no interface ${name}`)
  return link
}

/** Without the link-local ones that the kernel makes when an interface comes up. */
function globalAddresses({ addr }: Namespace, index: number): readonly string[] {
  const global = addr.list(index).filter(({ cidr }) => !cidr.startsWith('fe80:'))
  return global.map(({ cidr, origin }) => `${cidr} ${origin}`)
}

function routesOf({ route }: Namespace, index: number, origin: string): readonly object[] {
  const routes = route
    .list(index)
    .filter(entry => entry.origin === origin && !entry.prefix.startsWith('fe80:'))
  return routes.map(canonicalRoute)
}

function isOf<T extends KernelEvent['type']>(
  event: KernelEvent,
  type: T,
  [netns, index]: readonly [NetnsName, number],
): event is Extract<KernelEvent, { type: T }> {
  return event.type === type && 'link' in event && event.netns === netns.cookie && event.link.index === index
}

async function until(
  events: AsyncIterator<KernelEvent>,
  wanted: (event: KernelEvent) => boolean,
): Promise<void> {
  for (;;) {
    const { value, done } = await events.next()
    if (done === true) throw new Error('the events ended')
    if (wanted(value)) return
  }
}

/** The end, after the events that still waited. */
async function drained(events: AsyncIterator<KernelEvent>): Promise<IteratorResult<KernelEvent>> {
  for (;;) {
    const result = await events.next()
    if (result.done === true) return result
  }
}
