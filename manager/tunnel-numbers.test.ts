import { create } from '@bufbuild/protobuf'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CrossConnectSchema } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { Taken } from './taken.ts'
import { numbersOf, TunnelBook, vniIn } from './tunnel-numbers.ts'

/** Proposes these in turn. */
function drawing(...numbers: readonly number[]): () => number {
  const left = [...numbers]
  return () => left.shift() ?? 0
}

/** Numbers from 1 to 9. */
function few(draw?: () => number): Taken {
  return new Taken({ name: 'few', first: 1, last: 9, draw })
}

describe('Taken', () => {
  it('propose() passes over what is in use', () => {
    const vnis = few(drawing(7, 7))
    expect([vnis.propose('a'), vnis.propose('b')]).toEqual([7, 8])
  })

  it('claim() is for one connection, as often as it asks', () => {
    const vnis = few()
    expect(vnis.claim('a', 7)).toBe('claimed')
    expect(vnis.claim('a', 7)).toBe('claimed')
    expect(vnis.claim('b', 7)).toBe('taken')
  })

  it('keep() gives back all but one', () => {
    const vnis = few(drawing(1, 2, 3))
    for (const id of ['a', 'a', 'b']) vnis.propose(id)
    vnis.keep('a', 2)
    expect(vnis.used()).toEqual([2, 3])
    vnis.keep('a', undefined)
    expect(vnis.used()).toEqual([3])
  })

  it('propose() takes each number of the range once, and says when there is none left', () => {
    const numbers = few()
    const all = Array.from({ length: 9 }, () => numbers.propose('a'))
    expect(all.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(() => numbers.propose('b')).toThrow(/all 9 numbers of few are in use on this node/)
  })
})

it.each([
  ['1', 1],
  ['16777215', 16_777_215],
  ['16777216', undefined],
  ['0', undefined],
  ['-1', undefined],
  ['7x', undefined],
  ['', undefined],
])('vniIn() reads %j as %j', (vni, expected) => {
  expect(vniIn({ vni })).toBe(expected)
})

it.each([
  { end: 'source', type: 'VXLAN', parameters: { vni: '7', dst_port: '51900' }, numbers: { vni: 7 } },
  { end: 'destination', type: 'VXLAN', parameters: { vni: '7' }, numbers: { vni: 7 } },
  {
    end: 'source',
    type: 'WIREGUARD',
    parameters: { src_port: '51900', dst_port: '51901' },
    numbers: { port: 51_901 },
  },
  {
    end: 'destination',
    type: 'WIREGUARD',
    parameters: { src_port: '51900', dst_port: '51901' },
    numbers: { port: 51_900 },
  },
  { end: 'source', type: 'KERNEL', parameters: { vni: '7' }, numbers: {} },
])('numbersOf() a connection whose $end is $type is $numbers', ({ end, type, parameters, numbers }) => {
  const crossConnect = create(CrossConnectSchema, {
    [end]: { mechanism: { cls: 'REMOTE', type, parameters } },
  })
  expect(numbersOf({ crossConnect })).toEqual(numbers)
})

describe('many tunnels between many pairs of nodes', () => {
  /** A connection begins or ends between two of the nodes. */
  const deed = fc.record({
    what: fc.constantFrom('begin' as const, 'end' as const),
    id: fc.integer({ min: 0, max: 30 }),
    from: fc.integer({ min: 0, max: 4 }),
    to: fc.integer({ min: 0, max: 4 }),
  })

  it('never have an identifier twice on a node, and none is left when all have ended', () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 200 }), fc.integer(), (deeds, seed) => {
        let drawn = seed & 0xffff
        const draw = (): number => 1 + ((drawn = (drawn * 75 + 74) % 65_537) % 12)
        const nodes = Array.from({ length: 5 }, () => new TunnelBook([], draw))
        const standing = new Map<string, { readonly ends: readonly number[]; readonly vni: number }>()
        for (const { what, id: number, from, to } of deeds) {
          const id = `c${number}`
          const known = standing.get(id)
          if (what === 'end' || known !== undefined || from === to) {
            for (const end of known?.ends ?? []) nodes[end]?.keep(id, {})
            standing.delete(id)
            continue
          }
          const [here, there] = [nodes[from], nodes[to]]
          if (here === undefined || there === undefined) continue
          for (let tries = 0; tries < 8; tries += 1) {
            const wanted = here.vnis.propose(id)
            const agreed = there.vnis.claim(id, wanted) === 'claimed' ? wanted : there.vnis.propose(id)
            if (here.vnis.claim(id, agreed) === 'claimed') {
              for (const book of [here, there]) book.keep(id, { vni: agreed })
              standing.set(id, { ends: [from, to], vni: agreed })
              break
            }
            for (const book of [here, there]) book.keep(id, {})
          }
        }
        for (const [index, { vnis }] of nodes.entries()) {
          const own = [...standing.values()].filter(({ ends }) => ends.includes(index)).map(({ vni }) => vni)
          expect(new Set(own).size).toBe(own.length)
          expect(new Set(vnis.used())).toEqual(new Set(own))
        }
      }),
    )
  })
})
