import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { parsePorts, parseProtocol } from './packets.ts'

it.each([
  ['6', 6],
  ['tcp', 6],
  ['UDP', 17],
  ['icmpv6', 58],
  ['255', 255],
  ['0', undefined],
  ['256', undefined],
  ['06', undefined],
  ['tcp ', undefined],
  ['', undefined],
  ['-1', undefined],
])('parseProtocol(%j) is %j', (text, number) => {
  expect(parseProtocol(text)).toBe(number)
})

it.each(['', '0', '0-5', '65536', '1-65536', '9-1', '1-2-3', '1-', '-1', ' 1', '1 - 2', '0x10', '080'])(
  'parsePorts(%j) is undefined',
  text => {
    expect(parsePorts(text)).toBeUndefined()
  },
)

it('parsePorts() reads every port and every range of ports', () => {
  const port = fc.integer({ min: 1, max: 65_535 })
  fc.assert(
    fc.property(port, port, (a, b) => {
      const [first, last] = [Math.min(a, b), Math.max(a, b)]
      expect(parsePorts(String(first))).toEqual({ first, last: first })
      expect(parsePorts(`${first}-${last}`)).toEqual({ first, last })
    }),
  )
})
