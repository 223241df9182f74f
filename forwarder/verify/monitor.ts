import { type Check, forEachKind, forNetworks, forPairs } from './check.ts'
import { expectSame } from './finding.ts'
import type { Wish } from './links.ts'
import type { Trial } from './trial.ts'

/** What a forwarder tells those who watch: by this alone a manager hears of pods that died. */
export const monitor: readonly Check[] = [
  ...forEachKind('Monitor tells at first all that there is', async (trial, kind) => {
    const wish = trial.wish(kind)
    await trial.request(wish)
    await using events = await trial.events()
    expectSame('the states in the first event', events.of(wish.id), 'UP UP')
  }),
  ...forEachKind('Monitor tells of requests and closes', async (trial, kind) => {
    await using events = await trial.events()
    const wish = trial.wish(kind)
    await trial.request(wish)
    await events.until(wish.id, 'UP UP')
    await trial.close({ id: wish.id })
    await events.until(wish.id, 'none')
  }),
  forPairs('Monitor tells whose pod has died', async trial => {
    const wish = trial.wish('pair')
    await trial.request(wish)
    await using events = await trial.events()
    await trial.ground.removePod(wish.endpoint)
    await events.until(wish.id, 'UP DOWN')
    await trial.ground.removePod(wish.client)
    await events.until(wish.id, 'none')
  }),
  forPairs('Monitor tells that the client’s pod has died', async trial => {
    const wish = trial.wish('pair')
    await trial.request(wish)
    await using events = await trial.events()
    await trial.ground.removePod(wish.client)
    await events.until(wish.id, 'DOWN UP')
  }),
  forNetworks('Monitor tells that the client’s pod has died', async trial => {
    const wish = trial.wish('network')
    await trial.request(wish)
    await using events = await trial.events()
    await trial.ground.removePod(wish.client)
    await events.until(wish.id, 'DOWN UP', 'none')
  }),
  ...forEachKind(
    'Monitor tells of an interface that somebody deleted, and a Request mends it',
    async (trial, kind) => {
      const wish = trial.wish(kind)
      await trial.request(wish)
      await using events = await trial.events()
      await deleteInterface(trial, wish)
      await events.until(wish.id, 'DOWN DOWN')
      await trial.request(wish)
      await events.until(wish.id, 'UP UP')
    },
  ),
]

async function deleteInterface({ ground }: Trial, { client, name }: Wish): Promise<void> {
  using namespace = ground.kernel.open(client)
  const link = namespace.link.get(name)
  if (link !== undefined) await namespace.link.remove(link.index)
}
