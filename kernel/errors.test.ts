import { expect, test } from 'vitest'
import { NsmError } from '#sdk/errors.ts'
import { KernelError, toNsmError } from './errors.ts'

const taken = new KernelError('naming interface nsm0', {
  errno: 17,
  syscall: 'RTM_SETLINK',
  says: 'Name is taken',
})

test('KernelError says what was done, the sentence of the kernel, the meaning and where from', () => {
  expect(taken.message).toBe(
    'naming interface nsm0: "Name is taken", file already exists (EEXIST from RTM_SETLINK)',
  )
  expect(taken).toMatchObject({ code: 'EEXIST', errno: 17, syscall: 'RTM_SETLINK' })
  expect(new KernelError('guessing', { errno: 4242, syscall: 'x' }).message).toBe(
    'guessing: error 4242 (E4242 from x)',
  )
})

test.each([
  { name: 'a name that is taken', thrown: taken, code: 'INTERFACE_EXISTS' },
  {
    name: 'a route that is taken',
    thrown: new KernelError('r', { errno: 17, syscall: 'RTM_NEWROUTE' }),
    code: 'ROUTE_IN_USE',
  },
  { name: 'another refusal', thrown: new KernelError('x', { errno: 1, syscall: 'setns' }), code: 'KERNEL' },
  {
    name: 'a failed undo',
    thrown: new AggregateError([taken, new Error('worse')], 'both'),
    code: 'INTERFACE_EXISTS',
  },
  { name: 'an abort', thrown: AbortSignal.abort().reason, code: 'CANCELLED' },
  { name: 'an NsmError', thrown: new NsmError('DENIED', 'no'), code: 'DENIED' },
])('toNsmError() gives $code for $name', ({ thrown, code }) => {
  expect(toNsmError(thrown).code).toBe(code)
})
