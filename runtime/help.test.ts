import { expect, test } from 'vitest'
import { setting } from './config.ts'
import { describeConfig } from './help.ts'
import { list, text } from './parse.ts'

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
      '      The pool. (default ["10.0.0.0/8"]); also read from CIDRS, CIDR',
      '  NAME',
      '      A name. (default nsm)',
      '  LABEL',
      '      A label. (default none)',
      '',
    ].join('\n'),
  )
})
