import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { SecretKey } from './secret-key.ts'

test('SecretKey has the public key that RFC 7748 §6.1 says', () => {
  const alice = '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'
  const { publicKey } = new SecretKey(Buffer.from(alice, 'hex'))
  expect(Buffer.from(publicKey, 'base64').toString('hex')).toBe(
    '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  )
})

test('SecretKey.generate() makes another each time, of 32 bytes that make it again', () => {
  const [a, b] = [SecretKey.generate(), SecretKey.generate()]
  expect(a.publicKey).not.toBe(b.publicKey)
  expect(new SecretKey(a.bytes()).publicKey).toBe(a.publicKey)
  expect(() => new SecretKey(a.bytes().subarray(1))).toThrow(TypeError)
})

test('SecretKey does not show its secret', () => {
  const key = SecretKey.generate()
  const shown = [JSON.stringify({ key }), inspect({ key }, { depth: 9, showHidden: true })]
  for (const encoding of ['hex', 'base64'] as const)
    for (const text of shown) expect(text).not.toContain(key.bytes().toString(encoding))
  expect(shown[0]).toBe(`{"key":{"publicKey":"${key.publicKey}"}}`)
})
