import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Allocation, newAllocator } from './allocator.ts'
import type { PairForm } from './pair.ts'
import { overlaps, parsePrefix } from './prefix.ts'

const firsts: readonly { cidrs: string[]; pair?: PairForm; src: string[]; dst: string[] }[] = [
  { cidrs: ['10.10.1.0/24'], src: ['10.10.1.1/30'], dst: ['10.10.1.2/30'] },
  { cidrs: ['100::/64'], src: ['100::1/126'], dst: ['100::2/126'] },
  { cidrs: ['10.10.1.0/24'], pair: 'p31', src: ['10.10.1.0/31'], dst: ['10.10.1.1/31'] },
  { cidrs: ['fd00::/64'], pair: 'p31', src: ['fd00::/127'], dst: ['fd00::1/127'] },
  { cidrs: ['172.16.1.100/31'], pair: 'p32', src: ['172.16.1.101/32'], dst: ['172.16.1.100/32'] },
  { cidrs: ['fd00::/64'], pair: 'p32', src: ['fd00::1/128'], dst: ['fd00::/128'] },
  {
    cidrs: ['10.0.0.0/24', 'fd00::/64'],
    src: ['10.0.0.1/30', 'fd00::1/126'],
    dst: ['10.0.0.2/30', 'fd00::2/126'],
  },
]

describe('allocator', () => {
  test.each(firsts)(
    'allocate() gives the first connection of $cidrs $src and $dst',
    ({ cidrs, pair, src, dst }) => {
      const allocator = newAllocator({ cidrs, ...(pair === undefined ? {} : { pair }) })
      expect(allocator.allocate('c1')).toEqual({ src, dst, extraPrefixes: [] })
    },
  )

  test('allocate() hands out 64 pairs of a /24 in order and then says that the pool is exhausted', () => {
    const allocator = newAllocator({ cidrs: ['10.60.1.0/24'] })
    const sources = Array.from({ length: 64 }, (_, index) => allocator.allocate(`c${index}`).src[0])
    expect(sources.slice(0, 3)).toEqual(['10.60.1.1/30', '10.60.1.5/30', '10.60.1.9/30'])
    expect(new Set(sources).size).toBe(64)
    expect(() => allocator.allocate('late', { excluded: ['10.96.0.0/12'] })).toThrow(
      expect.objectContaining({
        code: 'POOL_EXHAUSTED',
        message:
          'allocating IPv4 addresses for connection late: pool 10.60.1.0/24 has no free /30 ' +
          '(in use by 64 other connections; excluded: 10.96.0.0/12): enlarge the pool or close connections',
      }),
    )
  })

  test('allocate() gives a connection the same addresses again and leaks nothing', () => {
    const allocator = newAllocator({ cidrs: ['10.60.1.0/29'] })
    const first = allocator.allocate('a')
    for (let turn = 0; turn < 10; turn += 1) expect(allocator.allocate('a')).toEqual(first)
    expect(allocator.allocate('b').src).toEqual(['10.60.1.5/30'])
  })

  test('allocate() goes on with the next prefix when one is used up', () => {
    const allocator = newAllocator({ cidrs: ['10.0.9.0/30', '10.0.1.0/30'] })
    expect(allocator.allocate('a').src).toEqual(['10.0.1.1/30'])
    expect(allocator.allocate('b').src).toEqual(['10.0.9.1/30'])
  })

  test('allocate() keeps clear of excluded prefixes for this connection only', () => {
    const allocator = newAllocator({ cidrs: ['10.60.1.0/24'] })
    expect(allocator.allocate('a', { excluded: ['10.60.1.0/25'] }).src).toEqual(['10.60.1.129/30'])
    expect(allocator.allocate('b', { excluded: ['10.60.1.128/25'] }).src).toEqual(['10.60.1.1/30'])
  })

  test('allocate() finds two single addresses where an excluded one stands in every pair', () => {
    const allocator = newAllocator({ cidrs: ['172.16.1.200/30'], pair: 'p32' })
    const excluded = ['172.16.1.201/32', '172.16.1.202/32']
    const first = { src: ['172.16.1.203/32'], dst: ['172.16.1.200/32'], extraPrefixes: [] }
    expect(allocator.allocate('a', { excluded })).toEqual(first)
    expect(allocator.allocate('a', { excluded })).toEqual(first)
    expect(() => allocator.allocate('b', { excluded })).toThrow(
      expect.objectContaining({ code: 'POOL_EXHAUSTED' }),
    )
    expect(
      newAllocator({ cidrs: ['172.16.1.200/30'], pair: 'p32' }).allocate('a', { previous: first }),
    ).toEqual(first)
    allocator.release('a')
    expect(allocator.allocate('b').src).toEqual(['172.16.1.201/32'])
  })

  test('allocate() keeps clear of the addresses of the other connection of a client', () => {
    const excluded = ['172.16.1.96/32', '172.16.1.97/32']
    const allocator = newAllocator({ cidrs: ['172.16.1.96/29'], pair: 'p32' })
    expect(allocator.allocate('a', { excluded })).toMatchObject({
      dst: ['172.16.1.98/32'],
      src: ['172.16.1.99/32'],
    })
  })

  test('allocate() exchanges held addresses that have become excluded', () => {
    const allocator = newAllocator({ cidrs: ['10.60.1.0/29'] })
    allocator.allocate('a')
    expect(allocator.allocate('a', { excluded: ['10.60.1.0/30'] }).src).toEqual(['10.60.1.5/30'])
    expect(allocator.allocate('b').src).toEqual(['10.60.1.1/30'])
  })

  test('allocate() changes nothing when it fails', () => {
    const allocator = newAllocator({ cidrs: ['10.60.1.0/24', 'fd00::/126'] })
    const held = allocator.allocate('a')
    expect(() => allocator.allocate('b')).toThrow(expect.objectContaining({ code: 'POOL_EXHAUSTED' }))
    expect(() => allocator.allocate('a', { excluded: ['::/0'] })).toThrow(
      expect.objectContaining({ code: 'POOL_EXHAUSTED' }),
    )
    expect(() => allocator.allocate('a', { excluded: ['nonsense'] })).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT' }),
    )
    expect(allocator.allocate('a')).toEqual(held)
    allocator.release('a')
    expect(allocator.allocate('b')).toEqual(held)
  })

  test('allocate() takes the addresses that the request brings when they are free', () => {
    const before = newAllocator({ cidrs: ['10.60.1.0/24'] })
    before.allocate('a')
    const previous = before.allocate('b')
    const after = newAllocator({ cidrs: ['10.60.1.0/24'] })
    expect(after.allocate('b', { previous })).toEqual(previous)
    expect(after.allocate('thief', { previous }).src).toEqual(['10.60.1.1/30'])
  })

  const strangers: readonly { name: string; previous: { src: string[]; dst: string[] } }[] = [
    { name: 'of another pool', previous: { src: ['10.99.1.1/30'], dst: ['10.99.1.2/30'] } },
    { name: 'of another form', previous: { src: ['10.60.1.8/31'], dst: ['10.60.1.9/31'] } },
    { name: 'with the ends exchanged', previous: { src: ['10.60.1.10/30'], dst: ['10.60.1.9/30'] } },
    { name: 'without the other end', previous: { src: ['10.60.1.9/30'], dst: [] } },
    { name: 'that are malformed', previous: { src: ['10.60.1.9'], dst: ['?'] } },
  ]
  test.each(strangers)('allocate() and restore() pass over addresses $name', ({ previous }) => {
    const allocator = newAllocator({ cidrs: ['10.60.1.0/24'] })
    expect(allocator.restore('a', previous)).toBe(false)
    expect(allocator.allocate('a', { previous }).src).toEqual(['10.60.1.1/30'])
  })

  test('restore() gives a connection just the addresses that it had, or nothing', () => {
    const allocator = newAllocator({ cidrs: ['10.60.1.0/24', 'fd00::/64'] })
    const addresses: Allocation = {
      src: ['10.60.1.9/30', 'fd00::5/126'],
      dst: ['10.60.1.10/30', 'fd00::6/126'],
      extraPrefixes: ['10.60.1.128/26'],
    }
    expect(allocator.restore('a', addresses)).toBe(true)
    expect(allocator.restore('a', addresses)).toBe(true)
    expect(allocator.restore('b', addresses)).toBe(false)
    expect(allocator.restore('b', { ...addresses, src: ['10.60.1.1/30', 'x'] })).toBe(false)
    const wish = { family: 4, length: 26, required: 1, requested: 1 } as const
    expect(allocator.allocate('a', { extra: [wish] })).toEqual(addresses)
    expect(allocator.allocate('b').src).toEqual(['10.60.1.13/30', 'fd00::1/126'])
  })

  test('release() forgives an unknown connection', () => {
    const allocator = newAllocator({ cidrs: ['10.60.1.0/30'] })
    allocator.release('nobody')
    expect(allocator.allocate('a').src).toEqual(['10.60.1.1/30'])
  })

  test('newAllocator() refuses a pool without room for one pair', () => {
    for (const cidrs of [[], ['10.0.0.0/31'], ['10.0.0.0/24', 'fd00::/127'], ['10.0.0.0']]) {
      expect(() => newAllocator({ cidrs })).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }))
    }
  })
})

describe('extra prefixes', () => {
  const wishes: readonly {
    cidr: string
    wish: { family: 4 | 6; length: number; required: number; requested: number }
    given: number
  }[] = [
    { cidr: '10.10.1.0/24', wish: { family: 4, length: 31, required: 10, requested: 20 }, given: 20 },
    { cidr: '100::/64', wish: { family: 6, length: 128, required: 100, requested: 200 }, given: 200 },
    { cidr: '10.10.1.0/24', wish: { family: 4, length: 26, required: 3, requested: 4 }, given: 3 },
  ]
  test.each(wishes)('allocate() gives $given extra prefixes of $cidr', ({ cidr, wish, given }) => {
    const allocator = newAllocator({ cidrs: [cidr] })
    const first = allocator.allocate('a', { extra: [wish] })
    expect(first.extraPrefixes).toHaveLength(given)
    expect(allocator.allocate('a', { extra: [wish] })).toEqual(first)
  })

  test('allocate() gives back extra prefixes that are not wished for any more', () => {
    const allocator = newAllocator({ cidrs: ['10.10.1.0/24'] })
    const wish = { family: 4, length: 26, required: 3, requested: 3 } as const
    const { extraPrefixes } = allocator.allocate('a', { extra: [wish] })
    expect(
      allocator.allocate('a', { extra: [{ ...wish, required: 1, requested: 1 }] }).extraPrefixes,
    ).toEqual(extraPrefixes.slice(0, 1))
    expect(
      allocator.allocate('b', { extra: [{ ...wish, required: 1, requested: 9 }] }).extraPrefixes,
    ).toEqual(extraPrefixes.slice(1))
  })

  test('allocate() takes nothing when fewer than required are free', () => {
    const allocator = newAllocator({ cidrs: ['10.10.1.0/24'] })
    const wish = { family: 4, length: 26, required: 4, requested: 4 } as const
    expect(() => allocator.allocate('a', { extra: [wish] })).toThrow(
      expect.objectContaining({ code: 'POOL_EXHAUSTED' }),
    )
    expect(allocator.allocate('b').src).toEqual(['10.10.1.1/30'])
  })

  const senseless: readonly { length: number; required: number; requested: number }[] = [
    { length: 0, required: 1, requested: 1 },
    { length: 33, required: 1, requested: 1 },
    { length: 32, required: 0, requested: 1 },
    { length: 32, required: 2, requested: 1 },
    { length: 32, required: 257, requested: 300 },
  ]
  test.each(senseless)('allocate() refuses a wish for $required to $requested of length $length', wish => {
    const allocator = newAllocator({ cidrs: ['10.10.1.0/24'] })
    expect(() => allocator.allocate('a', { extra: [{ family: 4, ...wish }] })).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT' }),
    )
  })
})

describe('allocator under any history', () => {
  const pool = ['10.0.0.0/26', 'fd00::/122']
  const ids = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
  const excluded = fc.subarray(['10.0.0.0/29', '10.0.0.16/28', 'fd00::/124', '192.168.0.0/16'])
  const steps = fc.array(fc.oneof(fc.record({ id: ids, excluded }), fc.record({ id: ids })), {
    maxLength: 40,
  })

  test('allocate() and release() never give an address twice, keep what is held and leak nothing', () => {
    fc.assert(
      fc.property(steps, history => {
        const allocator = newAllocator({ cidrs: pool })
        const held = new Map<string, Allocation>()
        for (const step of history) {
          if ('excluded' in step) {
            const given = attempt(() => allocator.allocate(step.id, { excluded: step.excluded }))
            if (given === undefined) continue
            expect(touches(given, step.excluded)).toBe(false)
            const before = held.get(step.id)
            if (before !== undefined && !touches(before, step.excluded)) expect(given).toEqual(before)
            held.set(step.id, given)
          } else {
            allocator.release(step.id)
            held.delete(step.id)
          }
          const blocks = [...held.values()].flatMap(allocation => allocation.src)
          expect(blocks.some((a, index) => touches({ src: [a] }, blocks.slice(index + 1)))).toBe(false)
        }
        for (const id of held.keys()) allocator.release(id)
        const whole = Array.from({ length: 16 }, (_, index) => allocator.allocate(`last${index}`).src[0])
        expect(new Set(whole).size).toBe(16)
      }),
    )
  })
})

function touches(allocation: Pick<Allocation, 'src'>, prefixes: readonly string[]): boolean {
  return allocation.src.some(source =>
    prefixes.some(prefix => overlaps(parsePrefix(source), parsePrefix(prefix))),
  )
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
