import { describe, expect, it } from 'vitest'
import { itemsUntil } from './items-until.ts'

const never = new Promise<never>(() => undefined)

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
