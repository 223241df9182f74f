import { describe, expect, test } from 'vitest'
import { errorKinds, grpcStatus, NsmError } from './errors.ts'

describe('NsmError', () => {
  test('NsmError has the row of its code and keeps its cause', () => {
    const cause = new Error('socket closed')
    const error = new NsmError('ENDPOINT_LOST', 'asking endpoint e: it went away', { cause })
    expect(error).toMatchObject({ name: 'NsmError', code: 'ENDPOINT_LOST', cause })
    expect(error.kind).toBe(errorKinds.ENDPOINT_LOST)
  })

  const thrown: readonly { name: string; value: unknown; code: string; message: string }[] = [
    { name: 'a timeout', value: timeout(), code: 'DEADLINE', message: 'too late' },
    { name: 'an abort', value: new DOMException('gone', 'AbortError'), code: 'CANCELLED', message: 'gone' },
    {
      name: 'another error',
      value: new TypeError('x is not a function'),
      code: 'STORAGE',
      message: 'x is not a function',
    },
    { name: 'a text', value: 'no', code: 'STORAGE', message: 'no' },
    { name: 'nothing', value: undefined, code: 'STORAGE', message: 'undefined' },
  ]
  test.each(thrown)('NsmError.from() makes $code of $name', ({ value, code, message }) => {
    expect(NsmError.from(value, 'STORAGE')).toMatchObject({ code, message, cause: value })
  })

  test('NsmError.from() passes an NsmError unchanged and takes INTERNAL when nothing else is said', () => {
    const error = new NsmError('DENIED', 'no')
    expect(NsmError.from(error, 'STORAGE')).toBe(error)
    expect(NsmError.from(new Error('x')).code).toBe('INTERNAL')
  })

  test.each(Object.entries(errorKinds))(
    'errorKinds.%s has a status, an exit code and a sentence',
    (_code, kind) => {
      expect(grpcStatus).toHaveProperty(kind.status)
      expect(kind.exit).toBeGreaterThanOrEqual(64)
      expect(kind.exit).toBeLessThanOrEqual(130)
      expect(kind.meaning).toMatch(/^[A-Z].*\.$/)
    },
  )
})

function timeout(): DOMException {
  return new DOMException('too late', 'TimeoutError')
}
