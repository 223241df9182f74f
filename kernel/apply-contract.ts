/** What `apply`, `remove` and `list` do with every implementation of the port `Kernel`. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { apply, applyNew } from './apply.ts'
import type { KernelHarness } from './contract.ts'
import { toNsmError } from './errors.ts'
import { everythingIn, examplePair } from './example-pair.ts'
import type { EndPlan, NetnsName, VethPlan } from './link-plan.ts'
import { list } from './list.ts'
import { remove } from './remove.ts'

const { signal } = new AbortController()

/** Tests of reconciliation. */
export function applyContract(make: () => KernelHarness): void {
  let harness: KernelHarness
  let client: NetnsName
  let endpoint: NetnsName

  beforeEach(() => {
    harness = make()
    client = harness.addNetns()
    endpoint = harness.addNetns()
  })

  afterEach(() => harness[Symbol.asyncDispose]())

  const plan = (source: Partial<EndPlan> = {}, destination: Partial<EndPlan> = {}): VethPlan =>
    examplePair({ client, endpoint }, source, destination)
  const everything = (): object => everythingIn(harness.kernel, { client, endpoint })

  test('apply() gives a pair the MTU of new ones back when none is asked for any more', async () => {
    await apply(harness.kernel, plan({ mtu: 1400 }, { mtu: 1400 }), signal)
    const { ends } = await apply(harness.kernel, plan(), signal)
    expect(ends).toMatchObject([{ mtu: 1500 }, { mtu: 1500 }])
  })

  describe('applyNew()', () => {
    test('makes what apply() makes, and finds an end under its planned name all the same', async () => {
      const { changes } = await applyNew(harness.kernel, plan(), signal)
      expect(changes[0]).toBe('veth add')
      expect((await applyNew(harness.kernel, plan(), signal)).changes).toEqual([])
      expect((await apply(harness.kernel, plan(), signal)).changes).toEqual([])
    })
  })

  describe('apply()', () => {
    test('gives each pod an interface with its name, tag, MTU, MAC, addresses, routes and neighbours', async () => {
      const wanted = plan(
        {
          mtu: 1400,
          addresses: ['10.0.0.1/30', '2001:db8::1/126'],
          routes: [{ prefix: '10.9.0.0/16', via: '10.0.0.2' }, { prefix: '10.0.0.0/30' }],
          neighbours: [{ address: '10.0.0.2', mac: '02:00:00:00:00:02' }],
        },
        { mac: '02:00:00:00:00:02' },
      )
      const state = await apply(harness.kernel, wanted, signal)
      expect(state.ends).toMatchObject([
        { netns: client.cookie, name: 'nsm0', mtu: 1400 },
        { netns: endpoint.cookie, name: 'vpn-1', mtu: 1500, mac: '02:00:00:00:00:02' },
      ])
      const ends = list(harness.kernel, [client, endpoint])
      expect(ends).toMatchObject([
        { id: 'c1', role: 'src', netns: client, link: { name: 'nsm0', admin: 'up', carrier: 'yes' } },
        {
          id: 'c1',
          role: 'dst',
          netns: endpoint,
          link: { name: 'vpn-1', alias: 'nsm:c1:dst', carrier: 'yes' },
        },
      ])
      expect(ends[0]?.routes.filter(({ origin }) => origin === 'ours')).toMatchObject([{ via: '10.0.0.2' }])
    })

    test('changes nothing when all is as planned', async () => {
      const wanted = plan({
        routes: [{ prefix: '10.9.0.0/16', via: '10.0.0.2' }],
        addresses: ['10.0.0.1/30', '2001:DB8::1/64'],
      })
      await apply(harness.kernel, wanted, signal)
      const before = everything()
      const state = await apply(harness.kernel, wanted, signal)
      expect(state.changes).toEqual([])
      expect(everything()).toEqual(before)
    })

    test('changes only what differs: index and MAC stay, what others added stays', async () => {
      const first = await apply(
        harness.kernel,
        plan({
          addresses: ['10.0.0.1/30', '10.5.0.1/24'],
          routes: [{ prefix: '10.9.0.0/16', via: '10.0.0.2' }],
          neighbours: [{ address: '10.0.0.2', mac: '02:00:00:00:00:02' }],
        }),
        signal,
      )
      harness.addForeignAddress(client, first.ends[0].index, '192.0.2.1/24')
      const second = await apply(
        harness.kernel,
        plan({
          name: 'eth7',
          mtu: 1300,
          addresses: ['10.5.0.1/24', '10.6.0.1/24'],
          routes: [{ prefix: '10.9.0.0/16', via: '10.5.0.2' }],
        }),
        signal,
      )
      expect(second.ends[0]).toMatchObject({
        index: first.ends[0].index,
        mac: first.ends[0].mac,
        name: 'eth7',
        mtu: 1300,
      })
      expect(second.ends[1]).toEqual(first.ends[1])
      expect(second.changes.toSorted()).toEqual(
        [
          'eth7: addr add 10.6.0.1/24',
          'eth7: addr remove 10.0.0.1/30',
          'eth7: link set name eth7 mtu 1300',
          'eth7: neigh remove 10.0.0.2 lladdr 02:00:00:00:00:02',
          'eth7: route add 10.9.0.0/16 via 10.5.0.2',
          'eth7: route remove 10.9.0.0/16 via 10.0.0.2',
        ].toSorted(),
      )
      const [end] = list(harness.kernel, [client])
      const cidrs = end?.addresses.filter(({ origin }) => origin !== 'kernel').map(({ cidr }) => cidr)
      expect(cidrs?.toSorted()).toEqual(['10.5.0.1/24', '10.6.0.1/24', '192.0.2.1/24'])
    })

    test('throws EEXIST, which is INTERFACE_EXISTS, and changes nothing when a pod has another interface of the name', async () => {
      const before = everything()
      for (const wanted of [plan({ name: 'lo' }), plan({}, { name: 'lo' })]) {
        const failure = await apply(harness.kernel, wanted, signal).catch((cause: unknown) => cause)
        expect(failure).toMatchObject({ name: 'KernelError', code: 'EEXIST' })
        expect(toNsmError(failure)).toMatchObject({
          code: 'INTERFACE_EXISTS',
          message: expect.stringContaining(' lo '),
        })
      }
      await apply(harness.kernel, plan(), signal)
      const stranger = {
        ...plan(),
        id: 'c2',
        ends: plan().ends.map(end => ({ ...end, alias: 'nsm:c2:src' })),
      }
      await expect(
        apply(
          harness.kernel,
          { ...plan(), ...stranger, ends: [stranger.ends[0] ?? plan().ends[0], plan().ends[1]] },
          signal,
        ),
      ).rejects.toThrow(/belongs to "nsm:c1:src"/)
      await remove(harness.kernel, 'c1', [client, endpoint])
      expect(everything()).toEqual(before)
    })

    test('converges when the removal of an address costs others of its network', async () => {
      const addresses = ['10.0.0.1/24', '10.0.0.2/24']
      const routes = [{ prefix: '10.9.0.0/16', via: '10.0.0.9', source: '10.0.0.2' }]
      await apply(harness.kernel, plan({ addresses, routes }), signal)
      const less = plan({ addresses: addresses.slice(1), routes })
      await apply(harness.kernel, less, signal)
      const state = await apply(harness.kernel, less, signal)
      expect(state.changes).toEqual([])
      const [end] = list(harness.kernel, [client])
      expect(end?.addresses.filter(({ origin }) => origin === 'ours')).toMatchObject([
        { cidr: '10.0.0.2/24' },
      ])
      expect(end?.routes.filter(({ origin }) => origin === 'ours')).toEqual([
        { ...routes[0], origin: 'ours' },
      ])
    })

    test('finishes a link that an earlier life made and could not tag', async () => {
      {
        using pod = harness.kernel.open(client)
        using other = harness.kernel.open(endpoint)
        pod.link.createVeth({ name: 'nsm0' }, { name: 'vpn-1', namespace: other })
      }
      const state = await apply(harness.kernel, plan(), signal)
      expect(state.changes).not.toContain('veth add')
      expect(list(harness.kernel, [client, endpoint])).toHaveLength(2)
    })

    test('leaves nothing when a step of a creation fails', async () => {
      const before = everything()
      const wanted = plan({}, { routes: [{ prefix: '10.9.0.0/16', source: '192.0.2.9' }] })
      await expect(apply(harness.kernel, wanted, signal)).rejects.toThrow('EINVAL')
      expect(everything()).toEqual(before)
    })

    test('puts back what was when a step of a change fails', async () => {
      await apply(harness.kernel, plan({ routes: [{ prefix: '10.9.0.0/16', via: '10.0.0.2' }] }), signal)
      const before = everything()
      const wanted = plan(
        {
          name: 'eth7',
          addresses: ['10.5.0.1/24'],
          neighbours: [{ address: '10.5.0.2', mac: '02:00:00:00:00:02' }],
        },
        { mtu: 10 },
      )
      await expect(apply(harness.kernel, wanted, signal)).rejects.toThrow('EINVAL')
      expect(everything()).toEqual(before)
    })

    test('renews the link when the other end must move to another pod', async () => {
      await apply(harness.kernel, plan(), signal)
      const third = harness.addNetns()
      const state = await apply(harness.kernel, plan({}, { netns: third }), signal)
      expect(state.ends[1]?.netns).toBe(third.cookie)
      expect(list(harness.kernel, [client, endpoint, third]).map(({ netns }) => netns)).toEqual([
        client,
        third,
      ])
    })

    test('throws ENOENT and leaves nothing when a pod is gone', async () => {
      harness.removeNetns(endpoint)
      await expect(apply(harness.kernel, plan(), signal)).rejects.toThrow(/the pod is gone.*ENOENT/)
      expect(list(harness.kernel, [client, endpoint])).toEqual([])
    })

    test('does nothing when the signal is aborted', async () => {
      await expect(apply(harness.kernel, plan(), AbortSignal.abort())).rejects.toThrow('aborted')
      expect(list(harness.kernel, [client, endpoint])).toEqual([])
    })
  })

  describe('remove()', () => {
    test('removes the link of its id alone, and succeeds when it or a pod is gone', async () => {
      await apply(harness.kernel, plan(), signal)
      const before = everything()
      const second = plan(
        { name: 'nsm1', alias: 'nsm:c2:src', addresses: [] },
        { name: 'vpn-2', alias: 'nsm:c2:dst', addresses: [] },
      )
      await apply(harness.kernel, { ...second, id: 'c2' }, signal)
      await remove(harness.kernel, 'c2', [client, endpoint])
      expect(everything()).toEqual(before)
      await remove(harness.kernel, 'c2', [client, endpoint])
      harness.removeNetns(client)
      await remove(harness.kernel, 'c1', [client, endpoint])
      expect(list(harness.kernel, [client, endpoint])).toEqual([])
    })
  })
}
