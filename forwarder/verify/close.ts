import { type Check, forEachKind } from './check.ts'
import { expectSame } from './finding.ts'

/** What a forwarder does when links are no longer wanted. */
export const close: readonly Check[] = [
  ...forEachKind('Close removes the interfaces, and succeeds again', async (trial, kind) => {
    const wish = trial.wish(kind)
    const made = await trial.request(wish)
    await trial.close(made)
    trial.expectBare(wish.client, wish.endpoint)
    await trial.close(made)
  }),
  ...forEachKind('Close needs no more than the id', async (trial, kind) => {
    const wish = trial.wish(kind)
    await trial.request(wish)
    await trial.close({ id: wish.id })
    trial.expectBare(wish.client, wish.endpoint)
  }),
  ...forEachKind('Close of what it never heard of succeeds', async (trial, kind) => {
    const wish = trial.wish(kind)
    await trial.close({ id: wish.id })
    await trial.close(trial.message(wish))
  }),
  ...forEachKind('Close succeeds when the pod is gone', async (trial, kind) => {
    const wish = trial.wish(kind)
    await trial.request(wish)
    await trial.ground.removePod(wish.client)
    await trial.close({ id: wish.id })
    trial.expectBare(wish.endpoint)
  }),
  ...forEachKind('Close leaves other cross connects of the pod alone', async (trial, kind) => {
    const one = trial.wish(kind)
    const two = trial.wish(kind, { client: one.client, name: 'nsm1', net: 2 })
    await trial.request(one)
    await trial.request(two)
    const [, kept] = trial.interfaces(one.client)
    await trial.close({ id: one.id })
    expectSame('the interfaces', trial.interfaces(one.client), [kept])
  }),
  ...forEachKind('Close is followed by a Request that makes the interface again', async (trial, kind) => {
    const wish = trial.wish(kind)
    await trial.request(wish)
    await trial.close({ id: wish.id })
    await trial.request(wish)
  }),
]
