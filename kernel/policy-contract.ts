/** What `apply` and `remove` do with policies on every implementation of the port `Kernel`. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { apply } from './apply.ts'
import type { KernelHarness } from './contract.ts'
import type { NetnsName, PolicyPlan, VethPlan } from './link-plan.ts'
import { removeRules, removeStrayRules } from './policy.ts'
import { remove } from './remove.ts'
import { selectorInWords } from './same.ts'

const { signal } = new AbortController()

const tcp: PolicyPlan = {
  from: '10.0.0.1/32',
  protocol: 6,
  destinationPorts: { first: 6666, last: 6666 },
  routes: [{ prefix: '172.16.3.0/24', via: '10.0.0.2' }],
}
const udp: PolicyPlan = {
  protocol: 17,
  destinationPorts: { first: 6667, last: 6670 },
  routes: [{ prefix: '0.0.0.0/0' }, { prefix: '::/0' }],
}
const http: PolicyPlan = {
  protocol: 6,
  sourcePorts: { first: 80, last: 80 },
  routes: [{ prefix: '0.0.0.0/0' }],
}

/** Tests of rules and their tables. */
export function policyContract(make: () => KernelHarness): void {
  let harness: KernelHarness
  let client: NetnsName
  let endpoint: NetnsName

  beforeEach(() => {
    harness = make()
    client = harness.addNetns()
    endpoint = harness.addNetns()
  })

  afterEach(() => harness[Symbol.asyncDispose]())

  /** Connection `id` of the two pods, whose client has these policies. */
  function plan(id: string, policies: readonly PolicyPlan[]): VethPlan {
    const none = { routes: [], neighbours: [] }
    const source = {
      netns: client,
      name: `src-${id}`,
      alias: `nsm:${id}:src`,
      addresses: ['10.0.0.1/30', '2001:db8::1/64'],
    }
    const destination = {
      netns: endpoint,
      name: `dst-${id}`,
      alias: `nsm:${id}:dst`,
      addresses: ['10.0.0.2/30'],
    }
    return {
      id,
      kind: 'veth',
      ends: [
        { ...source, ...none, policies },
        { ...destination, ...none, policies: [] },
      ],
    }
  }

  /** Our rules in the client's pod: `lookup <table> <family> <selector>`. */
  function rules(): readonly string[] {
    using pod = harness.kernel.open(client)
    const ours = pod.rule.list().filter(({ origin }) => origin === 'ours')
    return ours.map(rule => `lookup ${rule.table} ${rule.family} ${selectorInWords(rule)}`).toSorted()
  }

  /** Our routes outside of the main table in the client's pod. */
  function tables(): readonly string[] {
    using pod = harness.kernel.open(client)
    const routes = pod.link
      .list()
      .flatMap(({ index, name }) => pod.route.list(index).map(route => ({ ...route, name })))
    return routes
      .filter(({ table }) => table !== undefined)
      .map(({ table, prefix, name }) => `${table}: ${prefix} dev ${name}`)
      .toSorted()
  }

  const tcpIn = (table: number) => [`lookup ${table} ipv4 from 10.0.0.1/32 ipproto 6 dport 6666`]
  const udpIn = (table: number) =>
    ['ipv4', 'ipv6'].map(family => `lookup ${table} ${family} from all ipproto 17 dport 6667-6670`)

  describe('apply()', () => {
    test('gives each policy a table and a rule for each family of its routes, and changes nothing twice', async () => {
      const { changes } = await apply(harness.kernel, plan('c1', [tcp, udp]), signal)
      expect(changes).toContain(
        'src-c1: rule add ipv4 from 10.0.0.1/32 ipproto 6 dport 6666 lookup 1 priority 32765',
      )
      expect(rules()).toEqual([...tcpIn(1), ...udpIn(2)])
      expect(tables()).toEqual([
        '1: 172.16.3.0/24 dev src-c1',
        '2: 0.0.0.0/0 dev src-c1',
        '2: ::/0 dev src-c1',
      ])
      expect((await apply(harness.kernel, plan('c1', [tcp, udp]), signal)).changes).toEqual([])
    })

    test('keeps the table of a policy when others come and go, and takes the first free one', async () => {
      await apply(harness.kernel, plan('c1', [tcp, udp]), signal)
      await apply(harness.kernel, plan('c1', [udp]), signal)
      expect([rules(), tables()]).toEqual([udpIn(2), ['2: 0.0.0.0/0 dev src-c1', '2: ::/0 dev src-c1']])
      await apply(harness.kernel, plan('c1', [http, udp, tcp]), signal)
      expect(rules()).toEqual(['lookup 1 ipv4 from all ipproto 6 sport 80', ...udpIn(2), ...tcpIn(3)])
      await apply(harness.kernel, plan('c1', []), signal)
      expect([rules(), tables()]).toEqual([[], []])
    })

    test('uses no table that somebody else has, and never touches the rules of others', async () => {
      harness.addForeignRule(client, 1)
      await apply(harness.kernel, plan('c1', [tcp]), signal)
      await apply(harness.kernel, plan('c2', [udp]), signal)
      expect(rules()).toEqual([...tcpIn(2), ...udpIn(3)])
      for (const id of ['c1', 'c2']) await remove(harness.kernel, id, [client, endpoint])
      using pod = harness.kernel.open(client)
      expect(pod.rule.list().filter(({ table }) => table === 1)).toHaveLength(1)
      expect(rules()).toEqual([])
    })

    test('lets two connections have policies for the same packets, and closes one without the other', async () => {
      await apply(harness.kernel, plan('c1', [udp]), signal)
      await apply(harness.kernel, plan('c2', [udp]), signal)
      expect(rules().toSorted()).toEqual([...udpIn(1), ...udpIn(2)].toSorted())
      await remove(harness.kernel, 'c1', [client, endpoint])
      expect(rules()).toEqual(udpIn(2))
      expect(tables()).toEqual(['2: 0.0.0.0/0 dev src-c2', '2: ::/0 dev src-c2'])
    })

    test('brings the routes back into the same table after the link was down', async () => {
      await apply(harness.kernel, plan('c1', [tcp]), signal)
      await apply(harness.kernel, plan('c2', [udp]), signal)
      const before = [rules(), tables()]
      {
        using pod = harness.kernel.open(client)
        pod.link.set(pod.link.get('src-c1')?.index ?? 0, { admin: 'down' })
      }
      expect(tables()).not.toEqual(before[1])
      await apply(harness.kernel, plan('c2', [udp]), signal)
      await apply(harness.kernel, plan('c1', [tcp]), signal)
      expect([rules(), tables()]).toEqual(before)
    })

    test('keeps the tables when the link is made anew towards another pod', async () => {
      await apply(harness.kernel, plan('c1', [tcp, udp]), signal)
      const before = [rules(), tables()]
      endpoint = harness.addNetns()
      await apply(harness.kernel, plan('c1', [tcp, udp]), signal)
      expect([rules(), tables()]).toEqual(before)
      endpoint = harness.addNetns()
      await apply(harness.kernel, plan('c1', []), signal)
      expect([rules(), tables()]).toEqual([[], []])
    })

    test('finishes what was half done: a table without its rule, and a rule without its table', async () => {
      await apply(harness.kernel, plan('c1', [tcp, udp]), signal)
      const before = [rules(), tables()]
      {
        using pod = harness.kernel.open(client)
        const { index } = pod.link.get('src-c1') ?? { index: 0 }
        removeRules(pod, ['nsm:c1:src'])
        pod.route.remove(index, { prefix: '::/0', table: 2 })
      }
      await apply(harness.kernel, plan('c1', [tcp, udp]), signal)
      expect([rules(), tables()]).toEqual(before)
    })

    test('removes rules of ours whose link is gone', async () => {
      await apply(harness.kernel, plan('c1', [tcp]), signal)
      await apply(harness.kernel, plan('c2', []), signal)
      const gone = harness.kernel.open(client)
      await gone.link.remove(gone.link.get('src-c1')?.index ?? 0)
      gone[Symbol.dispose]()
      expect(rules()).toEqual(tcpIn(1))
      await apply(harness.kernel, plan('c2', []), signal)
      expect(rules()).toEqual([])
    })

    test('leaves no rule when a later step of a creation fails', async () => {
      const { ends, ...rest } = plan('c1', [tcp])
      const [source, destination] = ends
      const wrong = { ...destination, routes: [{ prefix: '10.9.0.0/16', source: '192.0.2.9' }] }
      await expect(
        apply(harness.kernel, { ...rest, kind: 'veth', ends: [source, wrong] }, signal),
      ).rejects.toThrow('EINVAL')
      expect([rules(), tables()]).toEqual([[], []])
    })
  })

  test('removeStrayRules() removes rules whose link is gone, and no others', async () => {
    harness.addForeignRule(client, 9)
    for (const [id, policy] of [
      ['c1', tcp],
      ['c2', udp],
    ] as const)
      await apply(harness.kernel, plan(id, [policy]), signal)
    using pod = harness.kernel.open(client)
    await pod.link.remove(pod.link.get('src-c1')?.index ?? 0)
    removeStrayRules(pod, pod.link.list())
    expect(rules()).toEqual(udpIn(2))
    expect(pod.rule.list().filter(({ table }) => table === 9)).toHaveLength(1)
  })

  test('remove() takes the rules when the other pod and the link are gone already', async () => {
    await apply(harness.kernel, plan('c1', [tcp, udp]), signal)
    harness.removeNetns(endpoint)
    await remove(harness.kernel, 'c1', [client, endpoint])
    expect(rules()).toEqual([])
  })
}
