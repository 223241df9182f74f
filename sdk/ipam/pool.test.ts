import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { add, find, isFree, newPool, type Pool, subtract } from './pool.ts'
import { overlaps, type Prefix, parsePrefix, printCidr, sizeOf } from './prefix.ts'

/** Cases of NSM v0.2, what is left in our ascending order. The two that double a release are not ported. */
const takings: readonly { from: string[]; length: number; taken?: string; left: string[] }[] = [
  { from: ['10.10.1.0/24'], length: 24, taken: '10.10.1.0/24', left: [] },
  { from: ['10.10.1.0/24'], length: 25, taken: '10.10.1.0/25', left: ['10.10.1.128/25'] },
  { from: ['10.10.1.0/24'], length: 26, taken: '10.10.1.0/26', left: ['10.10.1.64/26', '10.10.1.128/25'] },
  {
    from: ['10.10.1.0/24'],
    length: 32,
    taken: '10.10.1.0/32',
    left: [
      '10.10.1.1/32',
      '10.10.1.2/31',
      '10.10.1.4/30',
      '10.10.1.8/29',
      '10.10.1.16/28',
      '10.10.1.32/27',
      '10.10.1.64/26',
      '10.10.1.128/25',
    ],
  },
  { from: ['10.10.1.0/24'], length: 23, left: ['10.10.1.0/24'] },
  {
    from: ['10.10.1.1/32', '10.10.1.2/31', '10.10.1.4/30', '10.10.1.8/29'],
    length: 31,
    taken: '10.10.1.2/31',
    left: ['10.10.1.1/32', '10.10.1.4/30', '10.10.1.8/29'],
  },
  {
    from: ['10.10.1.128/25', '10.10.1.2/31', '10.10.1.4/30', '10.10.1.8/29'],
    length: 32,
    taken: '10.10.1.2/32',
    left: ['10.10.1.3/32', '10.10.1.4/30', '10.10.1.8/29', '10.10.1.128/25'],
  },
  { from: ['100::/64'], length: 65, taken: '100::/65', left: ['100::8000:0:0:0/65'] },
]

const exclusions: readonly { name: string; from: string[]; excluded: string[]; left: string[] }[] = [
  {
    name: 'two holes',
    from: ['10.20.0.0/16'],
    excluded: ['10.20.1.10/24', '10.20.32.0/19'],
    left: [
      '10.20.0.0/24',
      '10.20.2.0/23',
      '10.20.4.0/22',
      '10.20.8.0/21',
      '10.20.16.0/20',
      '10.20.64.0/18',
      '10.20.128.0/17',
    ],
  },
  { name: 'no overlap', from: ['10.20.0.0/16'], excluded: ['10.32.1.0/16'], left: ['10.20.0.0/16'] },
  {
    name: 'a whole block of two',
    from: ['10.20.0.0/16', '2.20.0.0/16'],
    excluded: ['2.20.0.0/8'],
    left: ['10.20.0.0/16'],
  },
  { name: 'everything', from: ['10.20.0.0/24'], excluded: ['10.20.1.0/16'], left: [] },
  {
    name: 'all fragments under a wide prefix',
    from: ['10.60.1.4/30', '10.60.1.8/29', '10.60.1.16/28'],
    excluded: ['10.60.0.0/16'],
    left: [],
  },
]

describe('pool', () => {
  test.each(takings)('find() takes $taken for a /$length out of $from', ({ from, length, taken, left }) => {
    const pool = poolOf(from)
    const block = find(pool, from[0]?.includes(':') === true ? 6 : 4, length)
    expect(block && printCidr(block)).toBe(taken)
    expect(texts(block === undefined ? pool : subtract(pool, block))).toEqual(left)
  })

  test.each(exclusions)('subtract() leaves the rest for $name', ({ from, excluded, left }) => {
    expect(texts(excluded.map(parsePrefix).reduce(subtract, poolOf(from)))).toEqual(left)
  })

  test('subtract() cuts five small holes and leaves 42 blocks', () => {
    const holes = ['10.20.1.0/30', '10.20.10.0/30', '10.20.20.0/30', '10.20.20.20/30', '10.20.40.20/30'].map(
      parsePrefix,
    )
    const left = holes.reduce(subtract, poolOf(['10.20.0.0/16']))
    expect(left).toHaveLength(42)
    expect(addresses(left)).toBe(65_536n - 20n)
    expect(texts(holes.reduce(add, left))).toEqual(['10.20.0.0/16'])
  })

  test('subtract() of one IPv6 address leaves 64 blocks, and add() merges them all again', () => {
    const one = parsePrefix('100::/128')
    const left = subtract(poolOf(['100::/64']), one)
    expect(left).toHaveLength(64)
    expect(texts(add(left, one))).toEqual(['100::/64'])
  })

  test('add() merges with blocks on both levels', () => {
    expect(texts(add(poolOf(['10.10.1.64/26', '10.10.1.128/25']), parsePrefix('10.10.1.0/26')))).toEqual([
      '10.10.1.0/24',
    ])
  })

  test('add() merges up to the whole address space', () => {
    expect(texts(add(poolOf(['128.0.0.0/1']), parsePrefix('0.0.0.0/1')))).toEqual(['0.0.0.0/0'])
  })

  test('add() refuses a block that is free already', () => {
    expect(() => add(poolOf(['10.10.1.0/25']), parsePrefix('10.10.1.127/25'))).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }),
    )
  })

  test('newPool() joins overlapping and neighbouring blocks', () => {
    expect(
      texts(poolOf(['10.0.0.128/25', 'fd00::/64', '10.0.0.0/24', '10.0.0.0/25', '10.0.1.0/24'])),
    ).toEqual(['10.0.0.0/23', 'fd00::/64'])
  })

  test('subtract() and add() are each other’s opposite, and blocks never overlap', () => {
    fc.assert(
      fc.property(fc.array(smallBlocks, { maxLength: 20 }), blocks => {
        const whole = poolOf(['10.0.0.0/24'])
        let [pool, taken]: [Pool, Prefix[]] = [whole, []]
        for (const block of blocks) {
          if (!isFree(pool, block)) continue
          pool = subtract(pool, block)
          taken = [...taken, block]
        }
        const parts = [...pool, ...taken]
        expect(addresses(parts)).toBe(256n)
        expect(parts.some((a, index) => parts.slice(index + 1).some(b => overlaps(a, b)))).toBe(false)
        expect(taken.reduce(add, pool)).toEqual(whole)
      }),
    )
  })
})

const smallBlocks = fc
  .record({ host: fc.integer({ min: 0, max: 255 }), length: fc.integer({ min: 25, max: 32 }) })
  .map(({ host, length }) => parsePrefix(`10.0.0.${host}/${length}`))

function poolOf(prefixes: readonly string[]): Pool {
  return newPool(prefixes.map(parsePrefix))
}

function texts(pool: Pool): readonly string[] {
  return pool.map(printCidr)
}

function addresses(blocks: readonly Prefix[]): bigint {
  return blocks.reduce((sum, block) => sum + sizeOf(block), 0n)
}
