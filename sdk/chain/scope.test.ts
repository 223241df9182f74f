import { describe, expect, test } from 'vitest'
import { newScope, type Owned } from './scope.ts'

describe('scope', () => {
  test('own() returns what the key owns already and does not make it again', async () => {
    const scope = newScope()
    const events: string[] = []
    expect(await scope.own('a', tracked('a', events))).toBe('a')
    expect(await scope.own('a', tracked('a', events))).toBe('a')
    expect(events).toEqual(['make a'])
  })

  test('own() makes once when it is called twice at the same time', async () => {
    const scope = newScope()
    const events: string[] = []
    await Promise.all([scope.own('a', tracked('a', events)), scope.own('a', tracked('a', events))])
    await scope[Symbol.asyncDispose]()
    expect(events).toEqual(['make a', 'release a'])
  })

  test('own() files nothing when the acquisition fails', async () => {
    const scope = newScope()
    const events: string[] = []
    await expect(scope.own('a', () => Promise.reject(new Error('no room')))).rejects.toThrow('no room')
    expect(await scope.own('a', tracked('a', events))).toBe('a')
  })

  test('own() fails when the scope has been disposed of', async () => {
    const scope = newScope()
    await scope[Symbol.asyncDispose]()
    await expect(scope.own('a', tracked('a', []))).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  test('release() gives back the one key and forgives an unknown one', async () => {
    const scope = newScope()
    const events: string[] = []
    await scope.own('a', tracked('a', events))
    await scope.own('b', tracked('b', events))
    await scope.release('a')
    await scope.release('nothing')
    expect(events).toEqual(['make a', 'make b', 'release a'])
  })

  test('rollback() gives back what came after the savepoint, newest first', async () => {
    const scope = newScope()
    const events: string[] = []
    await scope.own('kept', tracked('kept', events))
    const mark = scope.mark()
    await scope.own('a', tracked('a', events))
    await scope.own('b', tracked('b', events))
    events.length = 0
    await scope.rollback(mark)
    expect(events).toEqual(['release b', 'release a'])
  })

  test('rollback() gives back what came after the savepoint when something older was released meanwhile', async () => {
    const scope = newScope()
    const events: string[] = []
    await scope.own('old', tracked('old', events))
    const mark = scope.mark()
    await scope.release('old')
    await scope.own('new', tracked('new', events))
    await scope.rollback(mark)
    expect(events).toEqual(['make old', 'release old', 'make new', 'release new'])
  })

  test('rollback() also gives back what is still being acquired', async () => {
    const scope = newScope()
    const events: string[] = []
    const arrival = Promise.withResolvers<Owned<string>>()
    const owning = scope.own('slow', () => arrival.promise)
    const rolling = scope.rollback({ serial: 0 })
    arrival.resolve({ value: 'slow', release: async () => void events.push('release slow') })
    await Promise.all([owning, rolling])
    expect(events).toEqual(['release slow'])
  })

  test('disposal releases everything and reports every failure when releases fail', async () => {
    const scope = newScope()
    const events: string[] = []
    await scope.own('a', failing('a'))
    await scope.own('b', tracked('b', events))
    await scope.own('c', failing('c'))
    const failure = await scope[Symbol.asyncDispose]().then(undefined, (thrown: unknown) => thrown)
    expect(failure).toBeInstanceOf(AggregateError)
    expect(failure).toHaveProperty('message', 'releasing c: c is stuck; releasing a: a is stuck')
    expect(events).toEqual(['make b', 'release b'])
  })

  test('disposal gives up a release that takes longer than its deadline', async () => {
    const scope = newScope({ releaseMs: 1 })
    const events: string[] = []
    await scope.own('a', tracked('a', events))
    await scope.own('endless', async () => ({ value: 1, release: () => new Promise(() => {}) }))
    await expect(scope[Symbol.asyncDispose]()).rejects.toMatchObject({ code: 'DEADLINE' })
    expect(events).toEqual(['make a', 'release a'])
  })
})

function tracked(name: string, events: string[]): () => Promise<Owned<string>> {
  return async () => {
    events.push(`make ${name}`)
    return { value: name, release: async () => void events.push(`release ${name}`) }
  }
}

function failing(name: string): () => Promise<Owned<string>> {
  return async () => ({ value: name, release: () => Promise.reject(new Error(`${name} is stuck`)) })
}
