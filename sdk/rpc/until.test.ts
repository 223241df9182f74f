import { describe, expect, it } from 'vitest'
import { itemsUntil, until } from './until.ts'

const never = new Promise<never>(() => undefined)

describe('until()', () => {
  it('gives the value of the promise and leaves no listener behind', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      listeners += 1
      add(...given)
    }
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      listeners -= 1
      remove(...given)
    }
    expect(await until(Promise.resolve(1), signal)).toBe(1)
    expect(listeners).toBe(0)
  })

  it('throws the reason when the signal is aborted first', async () => {
    const controller = new AbortController()
    const waited = until(never, controller.signal)
    controller.abort('enough')
    await expect(waited).rejects.toBe('enough')
  })

  it('throws the reason when the signal was aborted before', async () => {
    await expect(until(never, AbortSignal.abort('enough'))).rejects.toBe('enough')
  })

  it('throws the error of the promise', async () => {
    await expect(until(Promise.reject(new Error('no')), new AbortController().signal)).rejects.toThrow('no')
  })
})

describe('itemsUntil()', () => {
  it('gives all items and then finishes the source', async () => {
    let finished = false
    async function* source() {
      try {
        yield* [1, 2, 3]
      } finally {
        finished = true
      }
    }
    expect(await Array.fromAsync(itemsUntil(source(), new AbortController().signal))).toEqual([1, 2, 3])
    expect(finished).toBe(true)
  })

  it('throws the reason while the source is busy', async () => {
    const controller = new AbortController()
    async function* source() {
      yield 1
      await never
    }
    const items = itemsUntil(source(), controller.signal)
    expect(await items.next()).toEqual({ done: false, value: 1 })
    const waited = items.next()
    controller.abort('enough')
    await expect(waited).rejects.toBe('enough')
  })

  it('finishes the source when the loop is left', async () => {
    let finished = false
    async function* source() {
      try {
        for (;;) yield 1
      } finally {
        finished = true
      }
    }
    for await (const _ of itemsUntil(source(), new AbortController().signal)) break
    expect(finished).toBe(true)
  })
})
