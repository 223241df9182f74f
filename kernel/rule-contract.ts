/** What every implementation of the port `Kernel` does with rules, tables, and routes that want the same prefix. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { KernelHarness } from './contract.ts'
import { toNsmError } from './errors.ts'
import type { NetnsName } from './link-plan.ts'
import type { Namespace, RouteValue, RuleValue } from './port.ts'

const rules: readonly { readonly what: string; readonly rule: RuleValue }[] = [
  { what: 'a source', rule: { family: 'ipv4', from: '172.16.2.201/24', table: 1, priority: 100, owner: 7 } },
  {
    what: 'an IPv6 source',
    rule: { family: 'ipv6', from: '2004::3/120', table: 1, priority: 100, owner: 7 },
  },
  { what: 'a protocol', rule: { family: 'ipv4', protocol: 6, table: 300, priority: 100, owner: 7 } },
  {
    what: 'ports',
    rule: {
      family: 'ipv6',
      protocol: 17,
      sourcePorts: { first: 5555, last: 5555 },
      destinationPorts: { first: 1, last: 65_534 },
      table: 32_000,
      priority: 1,
      owner: 0x7fff_ffff,
    },
  },
  { what: 'all packets', rule: { family: 'ipv4', table: 2, priority: 32_764, owner: 0x4000_0000 } },
]

/** Tests of the verbs of rules, and of routes beyond one link and one table. */
export function ruleContract(make: () => KernelHarness): void {
  let harness: KernelHarness
  let name: NetnsName
  let pod: Namespace
  let other: Namespace

  beforeEach(() => {
    harness = make()
    name = harness.addNetns()
    pod = harness.kernel.open(name)
    other = harness.kernel.open(harness.addNetns())
  })

  afterEach(async () => {
    pod[Symbol.dispose]()
    other[Symbol.dispose]()
    await harness[Symbol.asyncDispose]()
  })

  function newLink(link: string, address: string): number {
    pod.link.createVeth({ name: link }, { name: link, namespace: other })
    const index = pod.link.get(link)?.index ?? 0
    pod.addr.add(index, address)
    pod.link.set(index, { admin: 'up' })
    return index
  }

  const ours = (index: number) =>
    pod.route.list(index).flatMap(({ origin, ...route }) => (origin === 'ours' ? [route] : []))

  describe('rule', () => {
    test.each(rules)('add() and remove() of a rule for $what are idempotent', ({ rule }) => {
      const before = pod.rule.list()
      pod.rule.add(rule)
      pod.rule.add(rule)
      const added = pod.rule.list().filter(({ origin }) => origin === 'ours')
      expect(added).toHaveLength(1)
      expect(added[0]).toMatchObject({
        ...rule,
        ...(rule.from === undefined ? {} : { from: network(rule.from) }),
      })
      pod.rule.remove(rule)
      pod.rule.remove(rule)
      expect(pod.rule.list()).toEqual(before)
    })

    test('list() tells ours from those of others', () => {
      harness.addForeignRule(name, 9)
      const found = pod.rule.list().filter(({ table }) => table === 9)
      expect(found).toMatchObject([{ family: 'ipv4', table: 9, origin: 'foreign', owner: 0 }])
    })
  })

  describe('route', () => {
    test.each<RouteValue>([
      { prefix: '10.9.0.0/16', table: 1 },
      { prefix: '0.0.0.0/0', via: '10.0.0.2', table: 300 },
      { prefix: '::/0', table: 1 },
      { prefix: '2001:db8:9::/48', via: '2001:db8::2', table: 32_000 },
    ])(
      'add() and remove() of $prefix in table $table are idempotent and leave the main table alone',
      route => {
        const index = newLink('a', '10.0.0.1/30')
        pod.addr.add(index, '2001:db8::1/64')
        pod.route.add(index, { ...route, table: 77 })
        for (let times = 0; times < 2; times++) pod.route.add(index, route)
        expect(ours(index)).toHaveLength(2)
        expect(ours(index)).toEqual(expect.arrayContaining([route, { ...route, table: 77 }]))
        const uses = pod.route.uses().filter(use => use.table === route.table)
        expect(uses).toEqual([{ table: route.table, index, origin: 'ours' }])
        for (let times = 0; times < 2; times++) pod.route.remove(index, route)
        expect(ours(index)).toEqual([{ ...route, table: 77 }])
      },
    )

    test.each(['10.9.0.0/16', '2001:db8:9::/48'])(
      'add() of %s lets a second link of ours stand by, and the first goes without it',
      prefix => {
        const [first, second] = [newLink('a', '10.0.0.1/30'), newLink('b', '10.0.1.1/30')]
        pod.route.add(first, { prefix })
        for (let times = 0; times < 2; times++) pod.route.add(second, { prefix })
        expect([ours(first), ours(second)]).toEqual([[{ prefix }], [{ prefix }]])
        pod.route.remove(first, { prefix })
        expect([ours(first), ours(second)]).toEqual([[], [{ prefix }]])
        pod.route.remove(second, { prefix })
        expect(ours(second)).toEqual([])
      },
    )

    test('add() throws EEXIST, which is ROUTE_IN_USE, when a link that is not ours has the prefix', () => {
      pod.link.createBridge('br-pod')
      const bridge = pod.link.get('br-pod')?.index ?? 0
      pod.link.set(bridge, { admin: 'up' })
      harness.addForeignAddress(name, bridge, '192.0.2.1/24')
      const index = newLink('a', '10.0.0.1/30')
      const refusal = refusalOf(() => pod.route.add(index, { prefix: '192.0.2.0/24', via: '10.0.0.2' }))
      expect(refusal).toMatchObject({
        code: 'ROUTE_IN_USE',
        message: expect.stringMatching(/192\.0\.2\.0\/24 via 10\.0\.0\.2.*interface br-pod has that prefix/),
      })
      expect(ours(index)).toEqual([])
    })
  })
}

function network(cidr: string): string {
  return { '172.16.2.201/24': '172.16.2.0/24', '2004::3/120': '2004::/120' }[cidr] ?? cidr
}

function refusalOf(act: () => void): unknown {
  try {
    act()
  } catch (cause) {
    return toNsmError(cause)
  }
  return undefined
}
