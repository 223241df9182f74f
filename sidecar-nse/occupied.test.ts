import { networkInterfaces } from 'node:os'
import { expect, it } from 'vitest'
import { occupiedBeside } from './occupied.ts'

it('occupiedBeside() names each address of the machine alone, but not those of the interface asked for', () => {
  const [name = '', addresses = []] = Object.entries(networkInterfaces())[0] ?? []
  const own = addresses.map(({ address, family }) => `${address}/${family === 'IPv6' ? 128 : 32}`)
  expect(occupiedBeside('no-such-interface')).toEqual(expect.arrayContaining(own))
  expect(occupiedBeside(name).filter(cidr => own.includes(cidr))).toEqual([])
})
