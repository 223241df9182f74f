/** How a forwarder watches a pod whose other end is on another node, over every implementation of the port `Kernel`. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addUnderlay } from '#kernel/example-underlay.ts'
import type { NetnsName } from '#kernel/link-plan.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import { type CrossConnect, CrossConnectEventType } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { exampleTunnel } from './example.ts'
import { type Fixture, type ForwarderHarness, newFixture } from './fixture.ts'

const { UPDATE } = CrossConnectEventType

/** Tests of restarts and monitoring. */
export function oneEndContract(make: () => ForwarderHarness): void {
  let at: Fixture
  let client: NetnsName
  let crossConnect: CrossConnect

  beforeEach(async () => {
    at = await newFixture(make())
    addUnderlay(at.harness.kernel)
    client = at.harness.addNetns()
    crossConnect = exampleTunnel({
      source: { name: 'nsm0', netns: client },
      // The kernel takes a while to end the tunnels of a namespace that died, and their VNIs are taken until then.
      parameters: { src_ip: '192.0.2.1', dst_ip: '192.0.2.2', dst_port: '14789', vni: String(++vnis) },
    })
  })

  afterEach(() => at[Symbol.asyncDispose]())

  const bothDown = { source: { state: State.DOWN }, destination: { state: State.DOWN } }
  const bothUp = { source: { state: State.UP }, destination: { state: State.UP } }

  describe('one end of a cross connect', () => {
    test('is adopted, monitored and closed by its id', async () => {
      await at.forwarder.request(crossConnect)
      await at.restart()
      expect((await at.nextEvent()).crossConnects['x1']).toMatchObject({
        source: { mechanism: { cls: 'LOCAL', parameters: { name: 'nsm0' } }, state: State.UP },
        destination: {
          mechanism: {
            cls: 'REMOTE',
            type: 'VXLAN',
            parameters: { src_ip: '192.0.2.1', dst_ip: '192.0.2.2', src_port: '14789', vni: String(vnis) },
          },
          state: State.UP,
        },
      })
      await at.forwarder.close({ id: 'x1' })
      using pod = at.harness.kernel.open(client)
      expect(pod.link.get('nsm0')).toBeUndefined()
    })

    test.each([
      ['set down', 'interface nsm0 had been set down'],
      ['deleted', 'interface nsm0 had been deleted'],
    ])('that is %s is down on both sides, adopted or not, until a Request mends it', async (what, reason) => {
      await at.forwarder.request(crossConnect)
      for (const life of ['first', 'second']) {
        await at.nextEvent()
        if (what === 'deleted') await at.deleteLink(client, 'nsm0')
        else at.changeLink(client, 'nsm0', { admin: 'down' })
        expect({ life, ...(await at.nextEvent()) }).toMatchObject({
          life,
          type: UPDATE,
          crossConnects: { x1: bothDown },
          metrics: { x1: { metrics: { reason } } },
        })
        await at.forwarder.request(crossConnect)
        expect((await at.nextEvent()).crossConnects['x1']).toMatchObject(bothUp)
        await at.restart()
      }
    })

    test('is down on its own side when its pod dies: what the other side has is not for us to say', async () => {
      await at.forwarder.request(crossConnect)
      await at.nextEvent()
      at.harness.removeNetns(client)
      expect((await at.nextEvent()).crossConnects['x1']).toMatchObject({
        source: { state: State.DOWN },
        destination: { state: State.UP },
      })
      await at.forwarder.close({ id: 'x1' })
    })
  })
}

let vnis = 5000
