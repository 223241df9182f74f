import { describe, expect, it } from 'vitest'
import { parseRoutes } from './parse-routes.ts'

describe('parseRoutes', () => {
  it.each([
    { text: '', routes: [] },
    { text: '10.100.0.7/24', routes: [{ prefix: '10.100.0.0/24' }] },
    {
      text: ' 10.100.0.0/24 via 10.60.1.5 ,fd00::/64 via 2001:db8::1, ::/0',
      routes: [
        { prefix: '10.100.0.0/24', nextHop: '10.60.1.5' },
        { prefix: 'fd00::/64', nextHop: '2001:db8::1' },
        { prefix: '::/0' },
      ],
    },
  ])('parseRoutes() reads $text', ({ text, routes }) => {
    expect(parseRoutes(text)).toEqual(routes)
  })

  it.each([
    ['10.0.0.1', 'prefix "10.0.0.1"'],
    ['10.0.0.0/8 over 10.0.0.1', 'prefix ""'],
    ['10.0.0.0/8 via gateway', 'IPv4 address, found "gateway"'],
    ['10.0.0.0/8 via fd00::1', 'IPv4 address, found "fd00::1"'],
    ['fe80::/64 via fe80::1%eth0', 'IPv6 address'],
  ])('parseRoutes() refuses %s', (text, says) => {
    expect(() => parseRoutes(text)).toThrow(says)
  })
})
