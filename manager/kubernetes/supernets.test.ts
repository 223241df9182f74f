import fc from 'fast-check'
import { expect, it } from 'vitest'
import { contains, parsePrefix } from '#sdk/ipam/prefix.ts'
import { supernets } from './supernets.ts'

it.each([
  { cidrs: [], covers: [] },
  { cidrs: ['10.244.1.0/24'], covers: ['10.244.1.0/24'] },
  { cidrs: ['10.20.1.0/24', '10.20.2.0/24'], covers: ['10.20.0.0/22'] },
  { cidrs: ['10.96.10.10/32', '10.98.2.0/32'], covers: ['10.96.0.0/14'] },
  { cidrs: ['10.96.10.10/32', '10.98.2.0/32', '10.104.1.255/32'], covers: ['10.96.0.0/12'] },
  { cidrs: ['100::1:0/112', '100::2:0/112'], covers: ['100::/110'] },
  { cidrs: ['10.0.0.0/16', 'fd00::/48', '10.0.3.0/24'], covers: ['10.0.0.0/16', 'fd00::/48'] },
  { cidrs: ['10.0.0.0/24', '192.168.0.0/24', '10.1.0.0/24'], covers: ['10.0.0.0/15', '192.168.0.0/24'] },
])('the supernets of $cidrs are $covers', ({ cidrs, covers }) => {
  expect(supernets(cidrs)).toEqual(covers)
})

it('supernets cover all that was given', () => {
  const cidr = fc
    .tuple(fc.ipV4(), fc.integer({ min: 8, max: 32 }))
    .map(([address, length]) => `${address}/${length}`)
  fc.assert(
    fc.property(fc.array(cidr, { maxLength: 20 }), cidrs => {
      const covers = supernets(cidrs).map(parsePrefix)
      return cidrs.every(each => covers.some(cover => contains(cover, parsePrefix(each))))
    }),
  )
})
