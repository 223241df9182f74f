import { expect, it } from 'vitest'
import { table } from './table.ts'

it('table() makes each column as wide as its widest cell and counts no colour codes', () => {
  expect(
    table(
      ['A', 'NAME'],
      [
        ['longer', 'x'],
        ['\u001b[31mred\u001b[39m', 'y'],
      ],
    ),
  ).toBe('A        NAME\nlonger   x\n\u001b[31mred\u001b[39m      y\n')
})

it('table() leaves no blanks at the ends of lines', () => {
  expect(table(['A', 'B'], [['1', '']])).toBe('A   B\n1\n')
})
