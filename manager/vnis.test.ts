import { describe, expect, it } from 'vitest'
import { Vnis, vniIn } from './vnis.ts'

/** Proposes these in turn. */
function drawing(...numbers: readonly number[]): () => number {
  const left = [...numbers]
  return () => left.shift() ?? 0
}

describe('Vnis', () => {
  it('propose() passes over what is in use', () => {
    const vnis = new Vnis([], drawing(7, 7, 8))
    expect([vnis.propose('a'), vnis.propose('b')]).toEqual([7, 8])
  })

  it('claim() is for one connection, as often as it asks', () => {
    const vnis = new Vnis([])
    expect(vnis.claim('a', 7)).toBe('claimed')
    expect(vnis.claim('a', 7)).toBe('claimed')
    expect(vnis.claim('b', 7)).toBe('taken')
  })

  it('keep() gives back all but one', () => {
    const vnis = new Vnis([], drawing(1, 2, 3))
    for (const id of ['a', 'a', 'b']) vnis.propose(id)
    vnis.keep('a', 2)
    expect(vnis.used()).toEqual([2, 3])
    vnis.keep('a', undefined)
    expect(vnis.used()).toEqual([3])
  })

  it('propose() stays within 24 bits', () => {
    const vnis = new Vnis([])
    for (let index = 0; index < 1000; index += 1) vnis.propose('a')
    expect(vnis.used().every(vni => vni >= 1 && vni < 2 ** 24)).toBe(true)
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
