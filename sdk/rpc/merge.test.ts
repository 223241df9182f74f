import { describe, expect, test } from 'vitest'
import { merge } from './merge.ts'

async function* items(...list: readonly number[]) {
  yield* list
}

describe('merge()', () => {
  test('gives the items of all streams and ends with the last', async () => {
    expect(
      (await Array.fromAsync(merge([items(1, 2, 3), items(), items(4)]))).toSorted((a, b) => a - b),
    ).toEqual([1, 2, 3, 4])
  })

  test('ends all streams when nobody listens any more', async () => {
    const ended: number[] = []
    const endless = async function* (id: number) {
      try {
        for (;;) yield id
      } finally {
        ended.push(id)
      }
    }
    for await (const _ of merge([endless(1), endless(2)])) break
    expect(ended.toSorted((a, b) => a - b)).toEqual([1, 2])
  })
})
