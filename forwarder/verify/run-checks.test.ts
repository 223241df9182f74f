import { create } from '@bufbuild/protobuf'
import { EmptySchema } from '@bufbuild/protobuf/wkt'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Fixture, newFixture } from '#forwarder/fixture.ts'
import { FakeKernel } from '#kernel/fake.ts'
import { CrossConnectEventType, CrossConnectSchema } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { checks } from './checks.ts'
import type { Clients, Ground } from './ground.ts'
import { type Result, runChecks } from './run-checks.ts'

/** A forwarder that does its work but for one thing. */
type Defect = (clients: Clients) => Clients

const answersOnly: Defect = clients => ({
  ...clients,
  forwarder: { ...clients.forwarder, request: async message => create(CrossConnectSchema, message) },
})

const takesAnything: Defect = clients => ({
  ...clients,
  forwarder: {
    ...clients.forwarder,
    request: async message =>
      await clients.forwarder.request(message).catch(() => create(CrossConnectSchema, message)),
  },
})

const removesNothing: Defect = clients => ({
  ...clients,
  forwarder: { ...clients.forwarder, close: async () => create(EmptySchema) },
})

const needsMoreThanAnId: Defect = clients => ({
  ...clients,
  forwarder: {
    ...clients.forwarder,
    close: async message =>
      message.source === undefined ? create(EmptySchema) : await clients.forwarder.close(message),
  },
})

const neverBegins: Defect = clients => ({
  ...clients,
  monitor: {
    async *monitorCrossConnects(input, options) {
      for await (const event of clients.monitor.monitorCrossConnects(input, options))
        yield { ...event, type: CrossConnectEventType.UPDATE }
    },
  },
})

const tellsNoDeletion: Defect = clients => ({
  ...clients,
  monitor: {
    async *monitorCrossConnects(input, options) {
      for await (const event of clients.monitor.monitorCrossConnects(input, options))
        if (event.type !== CrossConnectEventType.DELETE) yield event
    },
  },
})

describe('the checks of forwarders', () => {
  let at: Fixture

  beforeEach(async () => {
    const kernel = new FakeKernel()
    at = await newFixture({
      kernel,
      addNetns: () => kernel.addNetns(),
      removeNetns: netns => kernel.removeNetns(netns),
      [Symbol.asyncDispose]: async () => kernel[Symbol.dispose](),
    })
  })

  afterEach(() => at[Symbol.asyncDispose]())

  async function resultsFor(defect: Defect, only: string): Promise<readonly Result[]> {
    const { kernel } = at.harness
    const ground: Ground = {
      clients: () => defect({ forwarder: at.forwarder, monitor: at.monitor, mechanisms: at.mechanisms }),
      kernel,
      addPod: () => at.harness.addNetns(),
      removePod: async netns => at.harness.removeNetns(netns),
    }
    const chosen = checks.filter(({ name }) => name.includes(only))
    return await Array.fromAsync(runChecks(chosen, ground, { pairs: 'yes', networks: [] }))
  }

  test.each([
    {
      defect: answersOnly,
      only: 'pair: Request makes the interface',
      why: 'the pod has no interface nsm0 after the answer',
    },
    {
      defect: takesAnything,
      only: 'pair: Request refuses an interface name of 16 bytes',
      why: 'an interface name of 16 bytes: accepted',
    },
    {
      defect: takesAnything,
      only: 'pair: Request refuses a name that another',
      why: 'the name nsm0 twice: accepted',
    },
    {
      defect: removesNothing,
      only: 'pair: Close removes the interfaces',
      why: "the interfaces that stay in the pods: [ 'nsm0', 'nsm0e' ], expected []",
    },
    {
      defect: needsMoreThanAnId,
      only: 'pair: Close needs no more than the id',
      why: "the interfaces that stay in the pods: [ 'nsm0', 'nsm0e' ], expected []",
    },
    {
      defect: neverBegins,
      only: 'pair: Monitor tells at first',
      why: 'the first event of a monitor is no INITIAL_STATE_TRANSFER',
    },
    {
      defect: tellsNoDeletion,
      only: 'pair: Monitor tells of requests and closes',
      why: 'the monitor did not tell within 5000 ms: none, after UP UP',
    },
  ])('say of $defect.name: $why', async ({ defect, only, why }) => {
    expect(await resultsFor(defect, only)).toMatchObject([{ outcome: 'fail', why }])
  })

  test('are skipped with a reason where the forwarder or the ground has not what they need', async () => {
    const [pair, network] = await resultsFor(clients => clients, 'a restart leaves the interface')
    expect(pair).toMatchObject({
      outcome: 'skip',
      why: 'it was not started by this command, so it is not killed',
    })
    expect(network).toMatchObject({ outcome: 'skip', why: 'it offers no external network' })
  })

  test('have different names', () => {
    const names = checks.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })
})
