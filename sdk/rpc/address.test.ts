import { describe, expect, it } from 'vitest'
import { parseAddress, tcpAddress } from './address.ts'
import type { Address } from './types.ts'

describe('parseAddress()', () => {
  const good: readonly { readonly address: Address; readonly target: object }[] = [
    { address: 'unix:///run/nsm/s', target: { kind: 'unix', path: '/run/nsm/s' } },
    { address: `unix:///${'x'.repeat(106)}`, target: { kind: 'unix', path: `/${'x'.repeat(106)}` } },
    { address: 'unix-abstract://nsm/local', target: { kind: 'abstract', path: '\0nsm/local' } },
    { address: 'tcp://127.0.0.1:0', target: { kind: 'tcp', host: '127.0.0.1', port: 0 } },
    { address: 'tcp://[2001:db8::1]:5001', target: { kind: 'tcp', host: '2001:db8::1', port: 5001 } },
    { address: 'tcp://node-1.example:65535', target: { kind: 'tcp', host: 'node-1.example', port: 65_535 } },
    { address: 'tcp://:5001', target: { kind: 'tcp', host: '', port: 5001 } },
  ]
  it.each(good)('takes $address apart', ({ address, target }) => {
    expect(parseAddress(address)).toEqual(target)
  })

  const bad: readonly Address[] = [
    'unix://',
    'unix://relative',
    `unix:///${'x'.repeat(107)}`,
    `unix:///${'é'.repeat(54)}`,
    'unix-abstract://',
    'tcp://127.0.0.1',
    'tcp://127.0.0.1:65536',
    'tcp://127.0.0.1:-1',
    'tcp://2001:db8::1:5001',
    'tcp://host:1/path',
  ]
  it.each(bad)('throws BAD_CONFIG for %s', address => {
    expect(() => parseAddress(address)).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }))
  })
})

describe('tcpAddress()', () => {
  it.each([
    { host: '127.0.0.1', address: 'tcp://127.0.0.1:80' },
    { host: '::', address: 'tcp://[::]:80' },
  ])('writes $address', ({ host, address }) => {
    expect(tcpAddress(host, 80)).toBe(address)
  })
})
