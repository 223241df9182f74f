/** What `apply` does with bridges, tuns and taps, over every implementation of the port `Kernel`. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { apply } from './apply.ts'
import { portName } from './bridge.ts'
import type { KernelHarness } from './contract.ts'
import { toNsmError } from './errors.ts'
import { addUnderlay } from './example-underlay.ts'
import type {
  BridgePlan,
  EndPlan,
  NetnsName,
  TunPlan,
  WireguardLinkPlan,
  WireguardTunnel,
} from './link-plan.ts'
import { list } from './list.ts'
import type { Link } from './port.ts'
import { remove } from './remove.ts'
import { SecretKey } from './secret-key.ts'

const { signal } = new AbortController()
const vxlan = { vni: 77_001, local: '192.0.2.1', remote: '192.0.2.2', port: 14789 }

/** What a harness of building blocks may lack; the reason is printed. */
export interface BlockOptions {
  /** Why tuns cannot be tested here; empty when they can. */
  readonly noTun: string
  /** The same of WireGuard. */
  readonly noWireguard: string
}

/** Tests of the building blocks. */
export function blockContract(make: () => KernelHarness, { noTun, noWireguard }: BlockOptions): void {
  let harness: KernelHarness
  let pod: NetnsName

  beforeEach(() => {
    harness = make()
    pod = harness.addNetns()
  })

  afterEach(() => harness[Symbol.asyncDispose]())

  function end(change: Partial<EndPlan> = {}): EndPlan {
    const none = { routes: [], neighbours: [], policies: [] }
    return { netns: pod, name: 'nsm0', alias: 'nsm:b1:src', ...none, addresses: ['10.0.0.1/24'], ...change }
  }

  function ofNode(): readonly Omit<Link, 'stats'>[] {
    using own = harness.kernel.openOwn()
    return own.link.list().map(link => ({ ...link, stats: undefined }))
  }

  function inPod(): readonly Link[] {
    return list(harness.kernel, [pod]).map(({ link }) => link)
  }

  describe('apply() of a port of a bridge', () => {
    const bridge = 'br-nsm'
    const plan = (change: Partial<EndPlan> = {}): BridgePlan => ({
      id: 'b1',
      kind: 'bridge',
      ends: [end(change)],
      bridge,
    })
    const port = () => ofNode().find(({ name }) => name === portName('b1'))

    beforeEach(() => {
      using own = harness.kernel.openOwn()
      if (own.link.get(bridge) !== undefined) return
      own.link.createBridge(bridge)
      own.link.set(own.link.get(bridge)?.index ?? 0, { mtu: 1400, admin: 'up' })
    })

    afterEach(() => remove(harness.kernel, 'b1', [pod]))

    test('gives the pod an interface whose other end is a port, as large as the bridge', async () => {
      const before = ofNode()
      const state = await apply(harness.kernel, plan({ mtu: 9000 }), signal)
      expect(state.ends).toMatchObject([{ netns: pod.cookie, name: 'nsm0', mtu: 1400 }])
      const index = before.find(({ name }) => name === bridge)?.index
      expect(port()).toMatchObject({
        alias: 'nsm:b1:dst',
        admin: 'up',
        carrier: 'yes',
        master: index,
        mtu: 1400,
      })
      expect(inPod()).toMatchObject([{ name: 'nsm0', kind: 'veth', admin: 'up', peer: port()?.index }])
    })

    test('touches no other interface of the node', async () => {
      const others = () => ofNode().filter(({ name }) => name !== portName('b1') && name !== bridge)
      const before = others()
      await apply(harness.kernel, plan(), signal)
      expect(others()).toEqual(before)
      await remove(harness.kernel, 'b1', [pod])
      expect(others()).toEqual(before)
      expect(port()).toBeUndefined()
    })

    test('changes nothing when all is as planned, and puts back a port that somebody took out', async () => {
      await apply(harness.kernel, plan(), signal)
      expect((await apply(harness.kernel, plan(), signal)).changes).toEqual([])
      const { index = 0, master } = port() ?? {}
      {
        using own = harness.kernel.openOwn()
        own.link.set(index, { master: 0 })
      }
      const { changes } = await apply(harness.kernel, plan(), signal)
      expect(changes).toEqual([`${portName('b1')}: link set master ${master}`])
      expect(port()).toMatchObject({ index, master })
    })

    test.each([
      { name: 'br-none', says: /bridge br-none: the node has no interface of that name/ },
      { name: 'lo', says: /bridge lo: the node has an interface of that name that is no bridge/ },
    ])('throws and leaves nothing when the bridge is $name', async ({ name, says }) => {
      await expect(apply(harness.kernel, { ...plan(), bridge: name }, signal)).rejects.toThrow(says)
      expect(inPod()).toEqual([])
    })

    test('throws EEXIST and leaves it alone when another interface of the node has the name of the port', async () => {
      using own = harness.kernel.openOwn()
      own.link.createBridge(portName('b1'))
      const stranger = port()
      const failure = await apply(harness.kernel, plan(), signal).catch((cause: unknown) => cause)
      expect(toNsmError(failure)).toMatchObject({ code: 'INTERFACE_EXISTS' })
      expect(port()).toEqual(stranger)
      expect(inPod()).toEqual([])
      await own.link.remove(stranger?.index ?? 0)
    })
  })

  describe(`apply() of a WireGuard tunnel${noWireguard === '' ? '' : ` (skipped: ${noWireguard})`}`, () => {
    const wireguardTest = test.skipIf(noWireguard !== '')
    const key = SecretKey.generate()
    const peerKey = SecretKey.generate().publicKey
    const tunnel = { local: '192.0.2.1', port: 51_820, remote: '192.0.2.2', remotePort: 51_821, key, peerKey }
    const plan = (to: Partial<WireguardTunnel> = {}): WireguardLinkPlan => ({
      id: 'b1',
      kind: 'wireguard',
      ends: [end()],
      tunnel: { ...tunnel, ...to },
    })
    const made = () => {
      using namespace = harness.kernel.open(pod)
      const link = namespace.link.get('nsm0')
      return link === undefined ? undefined : namespace.link.getWireguard(link.index)
    }

    beforeEach(() => addUnderlay(harness.kernel))

    wireguardTest(
      'makes a device in the pod with key, port and one peer, as large as its way takes',
      async () => {
        const { changes, ends } = await apply(harness.kernel, plan(), signal)
        expect(changes[0]).toBe('wireguard add')
        expect(changes).toContain('nsm0: wireguard set port 51820 peer 192.0.2.2 port 51821')
        expect(ends).toMatchObject([{ netns: pod.cookie, name: 'nsm0', mtu: 1440 }])
        expect(inPod()).toMatchObject([{ kind: 'wireguard', alias: 'nsm:b1:src', admin: 'up' }])
        expect(made()).toEqual({
          key: expect.objectContaining({ publicKey: key.publicKey }),
          port: 51_820,
          peer: { publicKey: peerKey, address: '192.0.2.2', port: 51_821 },
        })
      },
    )

    wireguardTest(
      'changes nothing when all is as planned, and only peer, key or port when they differ',
      async () => {
        await apply(harness.kernel, plan(), signal)
        const before = inPod()
        expect((await apply(harness.kernel, plan(), signal)).changes).toEqual([])
        for (const change of [
          { remotePort: 51_900 },
          { remote: '192.0.2.9' },
          { port: 51_999 },
          { key: SecretKey.generate() },
          { peerKey: SecretKey.generate().publicKey },
        ]) {
          const { changes } = await apply(harness.kernel, plan(change), signal)
          expect(changes).toEqual([expect.stringMatching(/^nsm0: wireguard set /)])
          expect(inPod()).toEqual(before)
        }
      },
    )

    wireguardTest('replaces what is no WireGuard device', async () => {
      await apply(harness.kernel, { id: 'b1', kind: 'vxlan', ends: [end()], tunnel: vxlan }, signal)
      await apply(harness.kernel, plan(), signal)
      expect(inPod()).toMatchObject([{ kind: 'wireguard' }])
    })
  })

  describe(`apply() of a tun${noTun === '' ? '' : ` (skipped: ${noTun})`}`, () => {
    const tunTest = test.skipIf(noTun !== '')
    const plan = (kind: TunPlan['kind'], change: Partial<EndPlan> = {}): TunPlan => ({
      id: 'b1',
      kind,
      ends: [end(change)],
    })

    tunTest.each(['tun', 'tap'] as const)('makes a %s that stays, tagged, and finds it again', async kind => {
      const state = await apply(harness.kernel, plan(kind, { mtu: 1300 }), signal)
      expect(state.changes[0]).toBe(`${kind} add`)
      expect(inPod()).toMatchObject([{ name: 'nsm0', kind, alias: 'nsm:b1:src', mtu: 1300, admin: 'up' }])
      const before = inPod()
      expect((await apply(harness.kernel, plan(kind, { mtu: 1300 }), signal)).changes).toEqual([])
      expect(inPod()).toEqual(before)
      await remove(harness.kernel, 'b1', [pod])
      expect(inPod()).toEqual([])
    })

    tunTest('replaces a tun by a tap', async () => {
      await apply(harness.kernel, plan('tun'), signal)
      await apply(harness.kernel, plan('tap', { mac: '02:00:00:00:00:07' }), signal)
      expect(inPod()).toMatchObject([{ kind: 'tap', mac: '02:00:00:00:00:07' }])
    })

    tunTest('createTun() throws EEXIST and makes nothing when the name is taken', () => {
      using namespace = harness.kernel.open(pod)
      expect(() => namespace.link.createTun({ name: 'lo', kind: 'tap' }, 'nsm:b1:src')).toThrow('EEXIST')
      expect(namespace.link.list()).toHaveLength(1)
    })
  })
}
