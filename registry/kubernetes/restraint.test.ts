import { expect, it } from 'vitest'
import { Restraint } from './restraint.ts'

it('an object that is deleted over and over is made again three times in half a minute', () => {
  let now = 0
  const restraint = new Restraint(() => now)
  for (now of [1, 2, 3]) restraint.pass('a')
  expect(() => restraint.pass('a')).toThrow(/endpoint a again/)
  restraint.pass('b')
  now = 30_001
  restraint.pass('a')
  expect(() => restraint.pass('a')).toThrow(/over and over/)
})
