import { expect, it } from 'vitest'
import { bytes } from './bytes.ts'

it.each([
  [0n, '0 B'],
  [1023n, '1023 B'],
  [1024n, '1.0 KiB'],
  [1536n, '1.5 KiB'],
  [1024n ** 2n, '1.0 MiB'],
  [2n ** 64n - 1n, '16383.9 PiB'],
])('%s bytes are written as %s', (count, text) => {
  expect(bytes(count)).toBe(text)
})
