import { expect, test } from 'vitest'
import { setting } from './config.ts'
import { describeConfig } from './help.ts'
import { duration, list, text } from './parse.ts'

test('describeConfig() prints the summary and, per setting, its name, sentence, default and older names', () => {
  const config = {
    socket: setting({ env: 'SOCKET', parse: text, doc: 'Where to dial.' }),
    prefixes: setting({
      env: 'PREFIXES',
      also: ['CIDRS', 'CIDR'],
      parse: list,
      default: ['10.0.0.0/8'],
      doc: 'The pool.',
    }),
    name: setting({ env: 'NAME', parse: text, default: 'nsm', doc: 'A name.' }),
    label: setting({ env: 'LABEL', parse: text, default: '', doc: 'A label.' }),
  }
  expect(describeConfig({ name: 'prog', summary: 'does one thing', config })).toBe(
    [
      'prog: does one thing',
      '',
      'Configured by environment variables:',
      '  SOCKET',
      '      Where to dial. (required)',
      '  PREFIXES',
      '      The pool. (default 10.0.0.0/8); also read from CIDRS, CIDR',
      '  NAME',
      '      A name. (default nsm)',
      '  LABEL',
      '      A label. (default none)',
      '',
    ].join('\n'),
  )
})

test.each([
  { parse: duration, default: 0, shown: '0' },
  { parse: duration, default: 15_000, shown: '15s' },
  { parse: duration, default: 300_000, shown: '5m' },
  { parse: duration, default: 31_536_000_000, shown: '8760h' },
  { parse: duration, default: 1500, shown: '1500ms' },
  { parse: list, default: ['a', 'b'], shown: 'a,b' },
  { parse: list, default: [], shown: 'none' },
  { parse: text, default: { host: '::', port: 8443 }, shown: ':8443' },
  { parse: text, default: { host: '127.0.0.1', port: 0 }, shown: '127.0.0.1:0' },
])('describeConfig() prints a default as one would write it: $shown', ({ shown, ...row }) => {
  const config = { row: { env: 'ROW', doc: 'A row.', ...row } }
  expect(describeConfig({ name: 'prog', summary: 'x', config })).toContain(`(default ${shown})`)
})
