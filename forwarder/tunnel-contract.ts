/** What a forwarder does with a cross connect to another node, over every implementation of the port `Kernel`. */
import { create } from '@bufbuild/protobuf'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addUnderlay } from '#kernel/example-underlay.ts'
import type { NetnsName } from '#kernel/link-plan.ts'
import { ConnectionSchema, State } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { exampleCrossConnect, ipv4Pair } from './example.ts'
import { type Fixture, type ForwarderHarness, newFixture } from './fixture.ts'

/** Tests of requests and closes whose other end is on another node. */
export function tunnelContract(make: () => ForwarderHarness): void {
  let at: Fixture
  let pod: NetnsName
  let vni: number

  beforeEach(async () => {
    at = await newFixture(make())
    addUnderlay(at.harness.kernel)
    pod = at.harness.addNetns()
    vni = ++vnis
  })

  afterEach(() => at[Symbol.asyncDispose]())

  interface Wish {
    readonly id?: string
    readonly name?: string
    readonly remote?: 'source' | 'destination'
    readonly parameters?: Readonly<Record<string, string>>
    readonly MTU?: number
  }

  /** 192.0.2.1 is this node. */
  function crossConnect(wish: Wish = {}): CrossConnect {
    const { id = 'x1', name = 'nsm0', remote = 'destination', parameters = {}, MTU = 0 } = wish
    const context = { MTU, ...ipv4Pair('10.0.0') }
    const end = { name, netns: pod }
    const whole = exampleCrossConnect({ id, source: end, destination: end, context })
    const [src_ip, dst_ip] =
      remote === 'destination' ? ['192.0.2.1', '192.0.2.2'] : ['192.0.2.2', '192.0.2.1']
    const agreed = { src_ip, dst_ip, src_port: '14789', dst_port: '14789', vni: `${vni}`, ...parameters }
    const mechanism = { cls: 'REMOTE', type: 'VXLAN', parameters: agreed }
    return { ...whole, [remote]: create(ConnectionSchema, { id: `${id}-far`, mechanism, context }) }
  }

  function tunnelsIn(netns: NetnsName): readonly object[] {
    using namespace = at.harness.kernel.open(netns)
    return namespace.link.list().flatMap(({ index, name, alias, mac, mtu, admin, tunnel }) => {
      if (tunnel === undefined) return []
      const ours = namespace.addr.list(index).filter(({ origin }) => origin === 'ours')
      return [{ index, name, alias, mac, mtu, admin, tunnel, addresses: ours.map(({ cidr }) => cidr) }]
    })
  }

  describe('a cross connect to another node', () => {
    test.each([
      { remote: 'destination', role: 'src', address: '10.0.0.1/30' },
      { remote: 'source', role: 'dst', address: '10.0.0.2/30' },
    ] as const)(
      'makes a device in the pod when the $remote is elsewhere, and both ends are up',
      async row => {
        const reply = await at.forwarder.request(crossConnect(row))
        expect(reply).toMatchObject({ source: { state: State.UP }, destination: { state: State.UP } })
        expect(tunnelsIn(pod)).toMatchObject([
          {
            name: 'nsm0',
            alias: `nsm:x1:${row.role}`,
            admin: 'up',
            tunnel: { vni, local: '192.0.2.1', remote: '192.0.2.2', port: 14789 },
            addresses: [row.address],
          },
        ])
      },
    )

    test.each([
      { asked: 0, agreed: '', mtu: 1450 },
      { asked: 9000, agreed: '', mtu: 1450 },
      { asked: 9000, agreed: '1400', mtu: 1400 },
      { asked: 1300, agreed: '1400', mtu: 1300 },
    ])('tells the MTU that it has: $asked asked, "$agreed" agreed', async ({ asked, agreed, mtu }) => {
      const reply = await at.forwarder.request(crossConnect({ MTU: asked, parameters: { MTU: agreed } }))
      expect([reply.source?.context?.MTU, reply.destination?.context?.MTU]).toEqual([mtu, mtu])
      expect(tunnelsIn(pod)).toMatchObject([{ mtu }])
    })

    test('changes nothing when it is asked for again, by this life or the next', async () => {
      await at.forwarder.request(crossConnect())
      const before = tunnelsIn(pod)
      await at.forwarder.request(crossConnect())
      await at.restart()
      await at.forwarder.request(crossConnect())
      expect(tunnelsIn(pod)).toEqual(before)
    })

    test('is replaced when the endpoint moves to a third node', async () => {
      await at.forwarder.request(crossConnect())
      await at.forwarder.request(crossConnect({ parameters: { dst_ip: '192.0.2.9' } }))
      expect(tunnelsIn(pod)).toMatchObject([{ name: 'nsm0', tunnel: { vni, remote: '192.0.2.9' } }])
    })

    test('is refused with VNI_IN_USE, and nothing made, when this node has the VNI', async () => {
      await at.forwarder.request(crossConnect())
      const before = tunnelsIn(pod)
      const second = crossConnect({ id: 'x2', name: 'nsm1', parameters: { dst_ip: '192.0.2.9' } })
      await expect(at.forwarder.request(second)).rejects.toMatchObject({ code: 'VNI_IN_USE' })
      expect(tunnelsIn(pod)).toEqual(before)
    })

    test('ends with a Close by its id, of this life or of the next', async () => {
      await at.forwarder.request(crossConnect())
      await at.forwarder.close({ id: 'x1' })
      expect(tunnelsIn(pod)).toEqual([])
      await at.forwarder.request(crossConnect())
      await at.restart()
      await at.forwarder.close({ id: 'x1' })
      expect(tunnelsIn(pod)).toEqual([])
    })
  })
}

/** The kernel takes a while to end the tunnels of a namespace that died, and their VNIs are taken until then. */
let vnis = 9000
