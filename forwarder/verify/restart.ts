import { type Check, forEachKind } from './check.ts'
import { expectSame } from './finding.ts'

/** What a forwarder knows after it was killed: what it made is there, and it has no other memory that must survive. */
export const restart: readonly Check[] = [
  ...forEachKind(
    'a restart leaves the interface, and a repeated Request changes nothing',
    async (trial, kind) => {
      const wish = trial.wish(kind)
      await trial.request(wish)
      const before = trial.interfaces(wish.client)
      await trial.ground.restart?.()
      expectSame('the interfaces after the restart', trial.interfaces(wish.client), before)
      await trial.request(wish)
      expectSame('the interfaces after the Request', trial.interfaces(wish.client), before)
    },
    'restart',
  ),
  ...forEachKind(
    'a restart forgets nothing: it is monitored, and closed by its id',
    async (trial, kind) => {
      const wish = trial.wish(kind)
      await trial.request(wish)
      await trial.ground.restart?.()
      await using events = await trial.events()
      expectSame('the states in the first event', events.of(wish.id), 'UP UP')
      await trial.close({ id: wish.id })
      await events.until(wish.id, 'none')
      trial.expectBare(wish.client, wish.endpoint)
    },
    'restart',
  ),
  ...forEachKind(
    'a restart is told of later deaths',
    async (trial, kind) => {
      const wish = trial.wish(kind)
      await trial.request(wish)
      await trial.ground.restart?.()
      await using events = await trial.events()
      await trial.ground.removePod(wish.client)
      await events.until(wish.id, 'DOWN UP', ...(kind === 'network' ? (['none'] as const) : []))
    },
    'restart',
  ),
]
