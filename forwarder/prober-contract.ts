/** How a forwarder tries data paths, over every implementation of the port `Kernel`. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NetnsName } from '#kernel/link-plan.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { ConnectionContextSchema } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { exampleCrossConnect } from './example.ts'
import { type Fixture, type ForwarderHarness, newFixture } from './fixture.ts'

type IpContext = NonNullable<MessageInitShape<typeof ConnectionContextSchema>['ipContext']>

const ipv4 = { srcIpAddrs: ['10.0.0.1/30'], dstIpAddrs: ['10.0.0.2/30'] } satisfies IpContext
const ipv6 = { srcIpAddrs: ['2001:db8::1/64'], dstIpAddrs: ['2001:db8::2/64'] } satisfies IpContext
const eager = { livenessInterval: '100ms', livenessLoss: '2' }

/** Tests of data paths that break although both interfaces are as agreed. */
export function proberContract(make: () => ForwarderHarness): void {
  let at: Fixture
  let client: NetnsName
  let endpoint: NetnsName

  beforeEach(async () => {
    at = await newFixture(make())
    client = at.harness.addNetns()
    endpoint = at.harness.addNetns()
  })

  afterEach(() => at[Symbol.asyncDispose]())

  function crossConnect(id: string, ipContext: IpContext, extraContext: Record<string, string> = eager) {
    return exampleCrossConnect({
      id,
      source: { name: id, netns: client },
      destination: { name: `${id}-nse`, netns: endpoint },
      context: { ipContext, extraContext },
    })
  }

  /** Lets an end have its address, or have it no more. */
  function change(verb: 'add' | 'remove', name: string, cidr: string): void {
    using pod = at.harness.kernel.open(endpoint)
    pod.addr[verb](pod.link.get(name)?.index ?? 0, cidr)
  }

  async function nextOf(
    id: string,
  ): Promise<{ readonly crossConnect: CrossConnect; readonly reason: string }> {
    for (;;) {
      const { crossConnects, metrics } = await at.nextEvent()
      const found = crossConnects[id]
      if (found !== undefined) return { crossConnect: found, reason: metrics[id]?.metrics['reason'] ?? '' }
    }
  }

  const down = { source: { state: State.DOWN }, destination: { state: State.DOWN } }
  const up = { source: { state: State.UP }, destination: { state: State.UP } }

  describe('the data path of a connection that asked to be probed', () => {
    test.each([
      { family: 'IPv4', ipContext: ipv4, far: '10.0.0.2' },
      { family: 'IPv6', ipContext: ipv6, far: '2001:db8::2' },
      { family: 'either family', ipContext: joined(), far: '2001:db8::2' },
    ])('is down while the far end does not answer over $family', async ({ ipContext, far }) => {
      await at.forwarder.request(crossConnect('x1', ipContext))
      expect(await nextOf('x1')).toMatchObject({ crossConnect: up })
      const cidr = ipContext.dstIpAddrs.find(text => text.startsWith(`${far}/`)) ?? ''
      change('remove', 'x1-nse', cidr)
      const reason = `${far} did not answer 2 probes in a row`
      expect(await nextOf('x1')).toMatchObject({ crossConnect: down, reason })
      change('add', 'x1-nse', cidr)
      expect(await nextOf('x1')).toMatchObject({ crossConnect: up, reason: '' })
    })

    test('is mended by a Request, and tried again afterwards', async () => {
      await at.forwarder.request(crossConnect('x1', ipv4))
      await nextOf('x1')
      for (let round = 0; round < 2; round++) {
        change('remove', 'x1-nse', '10.0.0.2/30')
        expect(await nextOf('x1')).toMatchObject({ crossConnect: down })
        await at.forwarder.request(crossConnect('x1', ipv4))
        expect(await nextOf('x1')).toMatchObject({ crossConnect: up })
      }
    })

    test('is tried no more when the connection is closed', async () => {
      await at.forwarder.request(crossConnect('x1', ipv4))
      await nextOf('x1')
      await at.forwarder.close({ id: 'x1' })
      await at.forwarder.request(crossConnect('x1', ipv4, {}))
      await at.forwarder.request(crossConnect('x2', ipv6))
      change('remove', 'x1-nse', '10.0.0.2/30')
      change('remove', 'x2-nse', '2001:db8::2/64')
      await nextOf('x2')
      expect(await nextOf('x2')).toMatchObject({ crossConnect: down })
      await at.restart()
      expect((await at.nextEvent()).crossConnects['x1']).toMatchObject(up)
    })

    test('is not tried where a permanent neighbour answers for the far end', async () => {
      const ipNeighbors = [{ ip: '10.0.0.2', hardwareAddress: '02:00:00:00:00:07' }]
      await at.forwarder.request(crossConnect('x1', { ...ipv4, ipNeighbors }))
      await at.forwarder.request(crossConnect('x2', ipv6))
      change('remove', 'x1-nse', '10.0.0.2/30')
      change('remove', 'x2-nse', '2001:db8::2/64')
      const states = new Map<string, State | undefined>()
      while (states.get('x2') !== State.DOWN)
        for (const { id, source } of Object.values((await at.nextEvent()).crossConnects))
          states.set(id, source?.state)
      expect(states.get('x1')).toBe(State.UP)
    })
  })
}

function joined() {
  return {
    srcIpAddrs: [...ipv4.srcIpAddrs, ...ipv6.srcIpAddrs],
    dstIpAddrs: [...ipv4.dstIpAddrs, ...ipv6.dstIpAddrs],
  }
}
