import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { NsmError } from '#sdk/errors.ts'
import { silent } from '#sdk/log.ts'
import { setting } from './config.ts'
import { main } from './main.ts'
import { oneOf } from './parse.ts'

/** A program for main.test.ts: returns, fails, breaks or waits for its signal, as it is told. */
await main({
  name: 'fixture',
  summary: 'does as it is told',
  config: {
    task: setting({
      env: 'TASK',
      parse: oneOf('return', 'fail', 'break', 'wait', 'hang'),
      doc: 'What to do.',
    }),
  },
  logger: () => silent,
  async run({ task }, signal) {
    if (task === 'fail') throw new NsmError('SOCKET_MISSING', 'dialling /run/x: no such socket')
    if (task === 'break') throw new TypeError('x is undefined')
    if (task === 'hang') await new Promise(() => {})
    if (task !== 'wait') return
    const timer = setInterval(() => {}, 1000)
    writeSync(1, 'waiting\n')
    await once(signal, 'abort')
    clearInterval(timer)
    const reason: unknown = signal.reason
    writeSync(1, `${reason instanceof Error ? reason.message : ''}\n`)
  },
})
