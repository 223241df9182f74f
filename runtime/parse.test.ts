import { describe, expect, test } from 'vitest'
import { duration, flag, integer, list, oneOf, text } from './parse.ts'

const accepted: readonly {
  parser: string
  parse: (value: string) => unknown
  value: string
  gives: unknown
}[] = [
  { parser: 'text', parse: text, value: ' as it is ', gives: ' as it is ' },
  { parser: 'list', parse: list, value: 'a, b,,c ,', gives: ['a', 'b', 'c'] },
  { parser: 'list', parse: list, value: '', gives: [] },
  { parser: 'flag', parse: flag, value: 'TRUE', gives: true },
  { parser: 'flag', parse: flag, value: ' 1 ', gives: true },
  { parser: 'flag', parse: flag, value: 'yes', gives: true },
  { parser: 'flag', parse: flag, value: 'False', gives: false },
  { parser: 'flag', parse: flag, value: '0', gives: false },
  { parser: 'flag', parse: flag, value: 'no', gives: false },
  { parser: 'integer', parse: integer({ min: 0, max: 9 }), value: '0', gives: 0 },
  { parser: 'integer', parse: integer({ min: -9, max: 9 }), value: ' -9 ', gives: -9 },
  { parser: 'duration', parse: duration, value: '90s', gives: 90_000 },
  { parser: 'duration', parse: duration, value: '1m30s', gives: 90_000 },
  { parser: 'duration', parse: duration, value: '1h', gives: 3_600_000 },
  { parser: 'duration', parse: duration, value: '500ms', gives: 500 },
  { parser: 'duration', parse: duration, value: '0.5s', gives: 500 },
  { parser: 'duration', parse: duration, value: '2', gives: 2000 },
  { parser: 'oneOf', parse: oneOf('polite', 'strict'), value: 'strict', gives: 'strict' },
]

const refused: readonly {
  parser: string
  parse: (value: string) => unknown
  value: string
  reason: string
}[] = [
  { parser: 'flag', parse: flag, value: 'on', reason: 'expected true or false' },
  {
    parser: 'integer',
    parse: integer({ min: 1, max: 9 }),
    value: '0',
    reason: 'expected a whole number from 1 to 9',
  },
  {
    parser: 'integer',
    parse: integer({ min: 1, max: 9 }),
    value: '10',
    reason: 'expected a whole number from 1 to 9',
  },
  { parser: 'integer', parse: integer({ min: 1, max: 9 }), value: '2.5', reason: 'expected a whole number' },
  { parser: 'integer', parse: integer({ min: 1, max: 9 }), value: '0x5', reason: 'expected a whole number' },
  { parser: 'integer', parse: integer({ min: 1, max: 9 }), value: 'five', reason: 'expected a whole number' },
  { parser: 'duration', parse: duration, value: 'soon', reason: 'expected a duration like' },
  { parser: 'duration', parse: duration, value: '5x', reason: 'expected a duration like' },
  { parser: 'duration', parse: duration, value: '-5s', reason: 'expected a duration like' },
  { parser: 'duration', parse: duration, value: '1m 30s', reason: 'expected a duration like' },
  {
    parser: 'oneOf',
    parse: oneOf('polite', 'strict'),
    value: 'rude',
    reason: 'expected one of polite, strict',
  },
]

describe('parse', () => {
  test.each(accepted)('$parser() makes $gives of "$value"', ({ parse, value, gives }) => {
    expect(parse(value)).toEqual(gives)
  })

  test.each(refused)('$parser() refuses "$value"', ({ parse, value, reason }) => {
    expect(() => parse(value)).toThrow(reason)
  })
})
