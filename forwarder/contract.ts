/** What a forwarder does over every implementation of the port `Kernel`, asked through its real socket. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { apply } from '#kernel/apply.ts'
import type { NetnsName } from '#kernel/link-plan.ts'
import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import { type CrossConnect, CrossConnectEventType } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { exampleCrossConnect, ipv4Pair } from './example.ts'
import { type Fixture, type ForwarderHarness, newFixture } from './fixture.ts'
import { planLinks } from './plan.ts'
import type { Check } from './verify/check.ts'
import { checks } from './verify/checks.ts'
import type { Ground } from './verify/ground.ts'
import { Trial } from './verify/trial.ts'

const { INITIAL_STATE_TRANSFER, UPDATE, DELETE } = CrossConnectEventType

/** Tests of requests, closes, restarts and monitoring. */
export function forwarderContract(make: () => ForwarderHarness): void {
  let at: Fixture
  let client: NetnsName
  let endpoint: NetnsName

  beforeEach(async () => {
    at = await newFixture(make())
    client = at.harness.addNetns()
    endpoint = at.harness.addNetns()
  })

  afterEach(() => at[Symbol.asyncDispose]())

  function crossConnect(id = 'x1', net = '10.0.0', name = 'nsm0'): CrossConnect {
    return exampleCrossConnect({
      id,
      source: { name, netns: client },
      destination: { name: `${name}-nse`, netns: endpoint },
      context: ipv4Pair(net),
    })
  }

  describe('what every forwarder does', () => {
    test.each(checks.filter(isForOurs))('$name', async ({ run }) => {
      await using trial = new Trial(groundOf(at), { pairs: 'yes', networks: [] })
      await run(trial)
    })
  })

  describe('Request', () => {
    test('replaces names and addresses when the same id asks for others', async () => {
      await at.forwarder.request(crossConnect('x1', '10.0.0', 'nsm0'))
      await at.forwarder.request(crossConnect('x1', '10.0.7', 'eth7'))
      expect(at.interfacesIn(client)).toEqual([{ name: 'eth7', addresses: ['10.0.7.1/30'] }])
      expect(at.interfacesIn(endpoint)).toEqual([{ name: 'eth7-nse', addresses: ['10.0.7.2/30'] }])
    })

    test('leaves nothing in the old pods when both are others', async () => {
      await at.forwarder.request(crossConnect())
      const old = [client, endpoint]
      client = at.harness.addNetns()
      endpoint = at.harness.addNetns()
      await at.forwarder.request(crossConnect())
      expect(old.flatMap(netns => at.interfacesIn(netns))).toEqual([])
      expect(at.interfacesIn(client)).toHaveLength(1)
    })
  })

  describe('a restart', () => {
    test('adopts what is there: it is monitored and can be closed by its id', async () => {
      await at.forwarder.request(crossConnect())
      await at.restart()
      const initial = await at.nextEvent()
      expect(initial.type).toBe(INITIAL_STATE_TRANSFER)
      expect(initial.crossConnects['x1']).toMatchObject({
        source: {
          mechanism: { type: 'KERNEL', parameters: { name: 'nsm0', netnsCookie: String(client.cookie) } },
          context: { ipContext: { srcIpAddrs: ['10.0.0.1/30'], dstIpAddrs: ['10.0.0.2/30'] } },
        },
        destination: { mechanism: { parameters: { name: 'nsm0-nse' } } },
      })
      await at.forwarder.close({ id: 'x1' })
      expect([client, endpoint].flatMap(netns => at.interfacesIn(netns))).toEqual([])
    })

    test('removes a link that an earlier life had not tagged yet, and so told nobody of', async () => {
      await at.forwarder.request(crossConnect('x1', '10.30.1', 'nsm0'))
      await at.forwarder.request(crossConnect('x2', '10.30.2', 'nsm1'))
      at.changeLink(client, 'nsm0', { alias: '' })
      await at.restart()
      expect(at.interfacesIn(client)).toEqual([{ name: 'nsm1', addresses: ['10.30.2.1/30'] }])
      expect(Object.keys((await at.nextEvent()).crossConnects)).toEqual(['x2'])
    })

    test('closes an orphan only when it is told to', async () => {
      await at.forwarder.request(crossConnect())
      await at.restart()
      expect(at.interfacesIn(client)).toHaveLength(1)
      await at.forwarder.close({ id: 'x1' })
      expect(at.interfacesIn(client)).toEqual([])
    })

    test('finishes a move that an earlier life died in, and leaves nothing in the old pods', async () => {
      const signal = AbortSignal.timeout(10_000)
      await at.forwarder.request(crossConnect())
      const old = [client, endpoint]
      client = at.harness.addNetns()
      endpoint = at.harness.addNetns()
      await apply(at.harness.kernel, planLinks(crossConnect()), signal)
      await at.restart()
      await at.forwarder.request(crossConnect())
      expect(old.flatMap(netns => at.interfacesIn(netns))).toEqual([])
      expect(at.interfacesIn(client)).toHaveLength(1)
    })

    test('closes all of a move that an earlier life died in', async () => {
      const signal = AbortSignal.timeout(10_000)
      await at.forwarder.request(crossConnect())
      const all = [client, endpoint]
      client = at.harness.addNetns()
      endpoint = at.harness.addNetns()
      await apply(at.harness.kernel, planLinks(crossConnect()), signal)
      await at.restart()
      await at.forwarder.close({ id: 'x1' })
      expect([...all, client, endpoint].flatMap(netns => at.interfacesIn(netns))).toEqual([])
    })

    test('tells at once of a link that was set down meanwhile', async () => {
      await at.forwarder.request(crossConnect())
      at.changeLink(endpoint, 'nsm0-nse', { admin: 'down' })
      await at.restart()
      expect(await at.nextEvent()).toMatchObject({
        type: INITIAL_STATE_TRANSFER,
        crossConnects: { x1: { source: { state: State.DOWN }, destination: { state: State.DOWN } } },
        metrics: { x1: { metrics: { reason: 'interface nsm0-nse had been set down' } } },
      })
    })
  })

  test('Close removes links that it knows only from the message', async () => {
    await apply(at.harness.kernel, planLinks(crossConnect()), AbortSignal.timeout(10_000))
    await at.forwarder.close(crossConnect())
    expect([client, endpoint].flatMap(netns => at.interfacesIn(netns))).toEqual([])
  })

  describe('MonitorCrossConnects', () => {
    test('tells of requests and closes after the initial state', async () => {
      expect(await at.nextEvent()).toMatchObject({ type: INITIAL_STATE_TRANSFER, crossConnects: {} })
      await at.forwarder.request(crossConnect())
      expect(await at.nextEvent()).toMatchObject({ type: UPDATE, crossConnects: { x1: { payload: 'IP' } } })
      await at.forwarder.close(crossConnect())
      expect(await at.nextEvent()).toMatchObject({ type: DELETE, crossConnects: { x1: { id: 'x1' } } })
    })

    test.each([
      ['set down', { admin: 'down' }, 'interface nsm0 had been set down'],
      ['renamed', { name: 'mine' }, 'interface nsm0 had been renamed to mine'],
    ] as const)(
      'tells both ends down when somebody has it %s, and a Request mends it',
      async (_, change, reason) => {
        await at.forwarder.request(crossConnect())
        const before = at.linksIn(client)
        await at.nextEvent()
        at.changeLink(client, 'nsm0', change)
        expect(await at.nextEvent()).toMatchObject({
          type: UPDATE,
          crossConnects: { x1: { source: { state: State.DOWN }, destination: { state: State.DOWN } } },
          metrics: { x1: { metrics: { reason } } },
        })
        await at.forwarder.request(crossConnect())
        expect(await at.nextEvent()).toMatchObject({
          type: UPDATE,
          crossConnects: { x1: { source: { state: State.UP }, destination: { state: State.UP } } },
          metrics: {},
        })
        expect(at.linksIn(client)).toEqual(before)
      },
    )

    test('tells both ends up when who had set the link down sets it up again', async () => {
      await at.forwarder.request(crossConnect())
      await at.nextEvent()
      at.changeLink(client, 'nsm0', { admin: 'down' })
      expect((await at.nextEvent()).crossConnects['x1']).toMatchObject({ source: { state: State.DOWN } })
      at.changeLink(client, 'nsm0', { admin: 'up' })
      expect((await at.nextEvent()).crossConnects['x1']).toMatchObject({ source: { state: State.UP } })
    })
  })

  test('MonitorMechanisms tells that kernel interfaces are offered, by both names', async () => {
    for await (const { localMechanisms } of at.mechanisms.monitorMechanisms({})) {
      expect(localMechanisms.map(({ cls, type }) => `${cls} ${type}`)).toEqual([
        'LOCAL KERNEL',
        'LOCAL KERNEL_INTERFACE',
      ])
      break
    }
  })
}

/** External networks are offered by others; the registration has tests of its own. */
function isForOurs({ needs }: Check): boolean {
  return !needs.includes('network') && !needs.includes('registrar')
}

function groundOf(at: Fixture): Ground {
  using own = at.harness.kernel.openOwn()
  return {
    clients: () => at,
    kernel: at.harness.kernel,
    addPod: () => at.harness.addNetns(),
    removePod: async netns => at.harness.removeNetns(netns),
    restart: () => at.restart(),
    own: own.netns,
  }
}
