import { expect, it } from 'vitest'
import { serverAddress } from './server-address.ts'

it.each([
  ['unix:///run/registry.sock', 'unix:///run/registry.sock'],
  ['unix-abstract://registry', 'unix-abstract://registry'],
  ['tcp://10.0.0.1:5002', 'tcp://10.0.0.1:5002'],
  ['registry.nsm-system:5002', 'tcp://registry.nsm-system:5002'],
  [' [fd00::1]:5002 ', 'tcp://[fd00::1]:5002'],
])('serverAddress(%j) is %s', (text, address) => {
  expect(serverAddress(text)).toBe(address)
})

it.each(['registry', 'unix://relative', 'http://x:1'])('serverAddress(%j) is refused', text => {
  expect(() => serverAddress(text)).toThrow(/address/)
})
