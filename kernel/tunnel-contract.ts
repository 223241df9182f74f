/** What `apply` and `remove` do with tunnels, over every implementation of the port `Kernel`. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { apply } from './apply.ts'
import type { KernelHarness } from './contract.ts'
import { toNsmError } from './errors.ts'
import { everythingIn, examplePair } from './example-pair.ts'
import { addUnderlay } from './example-underlay.ts'
import type { EndPlan, NetnsName, VethPlan, VxlanPlan, VxlanTunnel } from './link-plan.ts'
import { list } from './list.ts'
import { remove } from './remove.ts'

const { signal } = new AbortController()

/** Tests of VXLAN devices. */
export function tunnelContract(make: () => KernelHarness): void {
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

  describe('apply() of a tunnel', () => {
    let tunnel: VxlanTunnel

    // The kernel takes a while to end the tunnels of a namespace that died, and their VNIs are taken until then.
    beforeEach(() => {
      tunnel = { vni: ++vnis, local: '192.0.2.1', remote: '192.0.2.2', port: 14789 }
      addUnderlay(harness.kernel)
    })

    function tunnelPlan(to: Partial<VxlanTunnel> = {}, id = 'c1'): VxlanPlan {
      const [source] = plan({ alias: `nsm:${id}:src`, name: id === 'c1' ? 'nsm0' : 'nsm1', mtu: 1400 }).ends
      return { id, kind: 'vxlan', ends: [source], tunnel: { ...tunnel, ...to } }
    }

    const tunnels = () => list(harness.kernel, [client, endpoint]).map(({ link }) => link.tunnel)

    test('makes one device, straight in the pod, between exactly these addresses', async () => {
      const state = await apply(harness.kernel, tunnelPlan(), signal)
      expect(state.changes[0]).toBe('vxlan add')
      expect(state.ends).toMatchObject([{ netns: client.cookie, name: 'nsm0', mtu: 1400 }])
      expect(list(harness.kernel, [client])).toMatchObject([
        { id: 'c1', role: 'src', link: { name: 'nsm0', kind: 'vxlan', admin: 'up', carrier: 'yes', tunnel } },
      ])
      using own = harness.kernel.openOwn()
      expect(own.link.get('nsm0')).toBeUndefined()
    })

    test('changes nothing when all is as planned', async () => {
      await apply(harness.kernel, tunnelPlan(), signal)
      const before = everything()
      expect((await apply(harness.kernel, tunnelPlan(), signal)).changes).toEqual([])
      expect(everything()).toEqual(before)
    })

    test.each([{ vni: 4001 }, { local: '192.0.2.3' }, { remote: '192.0.2.4' }, { port: 14790 }])(
      'replaces the device when the tunnel must be another: %o',
      async change => {
        await apply(harness.kernel, tunnelPlan(), signal)
        await apply(harness.kernel, tunnelPlan(change), signal)
        expect(tunnels()).toEqual([{ ...tunnel, ...change }])
        expect((await apply(harness.kernel, tunnelPlan(change), signal)).changes).toEqual([])
      },
    )

    test.each([
      { wanted: undefined, local: '192.0.2.1', remote: '192.0.2.2', mtu: 1450 },
      { wanted: 9000, local: '192.0.2.1', remote: '192.0.2.2', mtu: 1450 },
      { wanted: 1300, local: '192.0.2.1', remote: '192.0.2.2', mtu: 1300 },
      { wanted: undefined, local: '2001:db8::1', remote: '2001:db8::2', mtu: 1430 },
    ])(
      'has the MTU that is wanted or that its way takes, the smaller one: %o',
      async ({ wanted, mtu, ...to }) => {
        const { mtu: _, ...end } = tunnelPlan().ends[0]
        const ends = [wanted === undefined ? end : { ...end, mtu: wanted }] as const
        const made = { ...tunnelPlan(to), ends }
        expect((await apply(harness.kernel, made, signal)).ends[0].mtu).toBe(mtu)
        expect((await apply(harness.kernel, made, signal)).changes).toEqual([])
      },
    )

    test('throws and leaves all as it was when its way became too small for the IPv6 of its addresses', async () => {
      const [end] = tunnelPlan().ends
      const both = [{ ...end, addresses: ['10.0.0.1/30', 'fd00::1/126'] }] as const
      await apply(harness.kernel, { ...tunnelPlan(), ends: both }, signal)
      const before = everything()
      using own = harness.kernel.openOwn()
      const index = own.link.get('underlay')?.index ?? 0
      own.link.set(index, { mtu: 1320 })
      try {
        await expect(apply(harness.kernel, { ...tunnelPlan(), ends: both }, signal)).rejects.toThrow(
          /takes 1270 bytes in one piece, and IPv6 needs 1280/,
        )
        expect(everything()).toEqual(before)
      } finally {
        own.link.set(index, { mtu: 1500 })
      }
    })

    test.each([
      { what: 'to the other node', to: { remote: '203.0.113.1' } },
      { what: 'from an address that the node does not have', to: { local: '192.0.2.77' } },
    ])('throws and leaves nothing when there is no route $what', async ({ to }) => {
      await expect(apply(harness.kernel, tunnelPlan(to), signal)).rejects.toThrow(
        /this node has no route there from that address/,
      )
      expect(tunnels()).toEqual([])
    })

    test('takes IPv6 addresses, beside an IPv4 tunnel of the same VNI', async () => {
      const six = { local: '2001:db8::1', remote: '2001:db8::2' }
      await apply(harness.kernel, tunnelPlan(), signal)
      await apply(harness.kernel, tunnelPlan(six, 'c2'), signal)
      expect((await apply(harness.kernel, tunnelPlan(six, 'c2'), signal)).changes).toEqual([])
      expect(tunnels()).toEqual([tunnel, { ...tunnel, ...six }])
    })

    test('throws EADDRINUSE, which is VNI_IN_USE, and leaves nothing when the node has the VNI on the port', async () => {
      await apply(harness.kernel, tunnelPlan(), signal)
      const before = everything()
      const failure = await apply(harness.kernel, tunnelPlan({ remote: '192.0.2.9' }, 'c2'), signal).catch(
        (cause: unknown) => cause,
      )
      expect(toNsmError(failure)).toMatchObject({
        code: 'VNI_IN_USE',
        message: expect.stringMatching(/VNI 50\d\d .*UDP port 14789.*propose another VNI/),
      })
      expect(everything()).toEqual(before)
      await apply(harness.kernel, tunnelPlan({ port: 14790 }, 'c2'), signal)
      await remove(harness.kernel, 'c2', [client])
      expect(everything()).toEqual(before)
    })

    test('becomes a pair when the endpoint moves to this node, and a tunnel again', async () => {
      await apply(harness.kernel, tunnelPlan(), signal)
      await apply(harness.kernel, plan(), signal)
      expect(tunnels()).toEqual([undefined, undefined])
      await apply(harness.kernel, tunnelPlan(), signal)
      expect(tunnels()).toEqual([tunnel])
    })

    test('throws EEXIST, which is INTERFACE_EXISTS, when the pod has another interface of the name', async () => {
      const [end] = tunnelPlan().ends
      const taken = { ...tunnelPlan(), ends: [{ ...end, name: 'lo' }] as const }
      const failure = await apply(harness.kernel, taken, signal).catch((cause: unknown) => cause)
      expect(toNsmError(failure)).toMatchObject({ code: 'INTERFACE_EXISTS' })
    })
  })
}

let vnis = 5000
