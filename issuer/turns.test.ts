import { expect, it } from 'vitest'
import { newTurns } from './turns.ts'

const limits = { atOnce: 2, perCaller: 2, waiting: 2 }
const { signal } = new AbortController()

it('so many work at once, the others wait in order, and more are refused', async () => {
  const turns = newTurns(limits)
  const log: string[] = []
  const works = ['a', 'b', 'c', 'd'].map(name => work(name, log))
  const done = works.map(({ name, doIt }) => turns.run(name, doIt, signal))
  await expect(turns.run('e', async () => undefined, signal)).rejects.toMatchObject({
    code: 'API_UNAVAILABLE',
    message: 'certifying a manager: the issuer is busy: 2 others wait; ask again',
  })
  for (const { end } of works) end()
  await Promise.all(done)
  expect(log).toEqual(['a', 'b', 'c', 'd'])
  expect(await turns.run('e', async () => 'served', signal)).toBe('served')
})

it('of one caller only so many are served, also when they fail', async () => {
  const turns = newTurns(limits)
  const log: string[] = []
  const [one, two] = [work('one', log), work('two', log)]
  const done = [turns.run('x', one.doIt, signal), turns.run('x', two.doIt, signal)]
  await expect(turns.run('x', async () => undefined, signal)).rejects.toThrow(/2 others from x/)
  one.fail()
  two.end()
  expect((await Promise.allSettled(done)).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  expect(await turns.run('x', async () => 'served', signal)).toBe('served')
})

it('whoever gives up makes room, and takes nobody else’s turn', async () => {
  const turns = newTurns(limits)
  const log: string[] = []
  const [a, b] = [work('a', log), work('b', log)]
  const running = [turns.run('a', a.doIt, signal), turns.run('b', b.doIt, signal)]
  const impatient = new AbortController()
  const left = turns.run('c', async () => log.push('c'), impatient.signal)
  const stays = turns.run('d', async () => log.push('d'), signal)
  impatient.abort(new Error('enough'))
  await expect(left).rejects.toThrow('enough')
  a.end()
  b.end()
  await Promise.all([...running, stays])
  expect(log).toEqual(['a', 'b', 'd'])
})

function work(name: string, log: string[]) {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  return {
    name,
    end: () => resolve(),
    fail: () => reject(new Error('failed')),
    doIt: () => {
      log.push(name)
      return promise
    },
  }
}
