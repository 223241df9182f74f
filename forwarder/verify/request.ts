import { State } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { CrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { type Check, forEachKind, forPairs } from './check.ts'
import { expectSame } from './finding.ts'

/** What a forwarder does when it is asked for links. */
export const request: readonly Check[] = [
  ...forEachKind(
    'Request makes the interface, up and with the addresses of the answer',
    async (trial, kind) => {
      const wish = trial.wish(kind)
      const made = await trial.request(wish)
      expectSame('the id of the answer', made.id, wish.id)
      expectSame(
        'the states of the answer',
        [made.source?.state, made.destination?.state],
        [State.UP, State.UP],
      )
      expectSame('the number of interfaces', trial.interfaces(wish.client).length, 1)
    },
  ),
  ...forEachKind('Request changes nothing when it is repeated', async (trial, kind) => {
    const wish = trial.wish(kind)
    const [first, before] = [await trial.request(wish), trial.interfaces(wish.client)]
    const again = await trial.request(wish)
    expectSame('the interfaces of the client', trial.interfaces(wish.client), before)
    expectSame('the addresses of the answer', addressesIn(again), addressesIn(first))
  }),
  ...forEachKind('Request makes two interfaces for two cross connects at once', async (trial, kind) => {
    const one = trial.wish(kind)
    const two = trial.wish(kind, { client: one.client, endpoint: one.endpoint, name: 'nsm1', net: 2 })
    await Promise.all([trial.ask(trial.message(one)), trial.ask(trial.message(two))])
    const found = trial.interfaces(one.client)
    expectSame('the interfaces', namesIn(found), ['nsm0', 'nsm1'])
    expectSame('different addresses', new Set(found.flatMap(({ addresses }) => addresses)).size, 2)
  }),
  ...forEachKind(
    'Request gives the interface another name when the same id asks for it',
    async (trial, kind) => {
      const wish = trial.wish(kind)
      await trial.request(wish)
      await trial.request({ ...wish, name: 'eth7' })
      expectSame('the interfaces', namesIn(trial.interfaces(wish.client)), ['eth7'])
    },
  ),
  forPairs('Request replaces addresses when the same id asks for others', async trial => {
    const wish = trial.wish('pair')
    await trial.request(wish)
    const before = trial.interfaces(wish.client)
    await trial.request({ ...wish, net: 7 })
    const [found] = trial.interfaces(wish.client)
    expectSame('the addresses', found?.addresses, ['10.201.7.1/30'])
    expectSame('the index of the interface', found?.index, before[0]?.index)
  }),
  forPairs('Request leaves nothing in the old pod when the endpoint is another', async trial => {
    const wish = trial.wish('pair')
    await trial.request(wish)
    await trial.request({ ...wish, endpoint: trial.pod() })
    trial.expectBare(wish.endpoint)
  }),
  ...forEachKind('Request leaves nothing in the old pod when the client is another', async (trial, kind) => {
    const wish = trial.wish(kind)
    await trial.request(wish)
    await trial.request({ ...wish, client: trial.pod() })
    trial.expectBare(wish.client)
  }),
  ...forEachKind('Request refuses a name that another interface of the pod has', async (trial, kind) => {
    const wish = trial.wish(kind)
    await trial.request(wish)
    const before = trial.interfaces(wish.client)
    const second = trial.wish(kind, { client: wish.client, net: 2 })
    const asked = trial.ask(trial.message(second))
    await trial.expectRefusal('the name nsm0 twice', asked, 'INTERFACE_EXISTS', 'ALREADY_EXISTS')
    expectSame('the interfaces of the client', trial.interfaces(wish.client), before)
    trial.expectBare(second.endpoint)
  }),
  ...forEachKind('Request refuses a client whose pod is gone', async (trial, kind) => {
    const wish = trial.wish(kind)
    await trial.ground.removePod(wish.client)
    await trial.expectRefusal('a pod that is gone', trial.ask(trial.message(wish)))
    trial.expectBare(wish.endpoint)
  }),
  forPairs('Request refuses an endpoint whose pod is gone', async trial => {
    const wish = trial.wish('pair')
    await trial.ground.removePod(wish.endpoint)
    await trial.expectRefusal('a pod that is gone', trial.ask(trial.message(wish)))
    trial.expectBare(wish.client)
  }),
]

function namesIn(interfaces: readonly { readonly name: string }[]): readonly string[] {
  return interfaces.map(({ name }) => name)
}

function addressesIn({ source }: CrossConnect): readonly string[] | undefined {
  return source?.context?.ipContext?.srcIpAddrs
}
