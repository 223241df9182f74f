import { describe, expect, it } from 'vitest'
import { type ErrorCode, errorKinds, grpcStatus, NsmError } from '#sdk/errors.ts'
import { fromStatus, percentDecoded, toStatus } from './status.ts'

// Object.keys does not know that the table has no other keys.
const codes = Object.keys(errorKinds).filter((key): key is ErrorCode => key in errorKinds)

describe('toStatus() and fromStatus()', () => {
  it.each(codes)('carry %s and its message there and back', code => {
    const status = toStatus(new NsmError(code, 'what and why'))
    expect(status.code).toBe(grpcStatus[errorKinds[code].status])
    expect(fromStatus(status)).toMatchObject({ code, message: 'what and why' })
  })
})

describe('toStatus()', () => {
  it.each([
    { name: 'an abort', thrown: new DOMException('stopped', 'AbortError'), code: 'CANCELLED' },
    { name: 'a time-out', thrown: new DOMException('too late', 'TimeoutError'), code: 'DEADLINE' },
    { name: 'a defect', thrown: new TypeError('x is not a function'), code: 'INTERNAL' },
    { name: 'no error at all', thrown: undefined, code: 'INTERNAL' },
  ])('gives $code for $name', ({ thrown, code }) => {
    expect(toStatus(thrown).errorCode).toBe(code)
  })

  it('shows nothing of a defect', () => {
    expect(toStatus(new TypeError('secret')).message).not.toContain('secret')
  })

  it('makes half a surrogate pair sendable, which encodeURI would refuse', () => {
    const { message } = toStatus(new NsmError('INTERNAL', 'a\uD800b'))
    expect(encodeURI(message)).toBe('a%EF%BF%BDb')
  })
})

describe('fromStatus()', () => {
  const rows: readonly { readonly status: number; readonly code: ErrorCode }[] = [
    { status: 1, code: 'CANCELLED' },
    { status: 2, code: 'INTERNAL' },
    { status: 3, code: 'BAD_INPUT' },
    { status: 4, code: 'DEADLINE' },
    { status: 5, code: 'NOT_FOUND' },
    { status: 6, code: 'ALREADY_EXISTS' },
    { status: 7, code: 'DENIED' },
    { status: 8, code: 'ENDPOINT_REFUSED' },
    { status: 9, code: 'CONFLICT' },
    { status: 10, code: 'CONFLICT' },
    { status: 11, code: 'INTERNAL' },
    { status: 12, code: 'UNSUPPORTED' },
    { status: 13, code: 'INTERNAL' },
    { status: 14, code: 'MANAGER_UNAVAILABLE' },
    { status: 15, code: 'INTERNAL' },
    { status: 16, code: 'DENIED' },
  ]
  it.each(rows)('gives $code for status $status of a foreign server', ({ status, code }) => {
    expect(fromStatus({ code: status, message: 'm' })).toMatchObject({ code, message: 'm' })
  })

  it.each(['toString', 'NO_SUCH_CODE', ''])(
    'takes the status when the code %j is not in the table',
    errorCode => {
      expect(fromStatus({ code: 5, message: 'm', errorCode }).code).toBe('NOT_FOUND')
    },
  )
})

describe('percentDecoded()', () => {
  it.each([
    { text: 'plain # text', decoded: 'plain # text' },
    { text: '100 %25 %E2%9C%93 %23', decoded: '100 % ✓ #' },
    { text: 'not %ZZ encoded', decoded: 'not %ZZ encoded' },
    { text: 'broken %E2%9C', decoded: 'broken %E2%9C' },
  ])('reads $text', ({ text, decoded }) => {
    expect(percentDecoded(text)).toBe(decoded)
  })
})
