import { setImmediate } from 'node:timers/promises'
import { bufferedLogger } from './logger.ts'

// A program for the tests: logs more than fits a buffer, then ends as its argument says.
const log = bufferedLogger('fixture')
for (let line = 0; line < 1_000; line++) log.info({ line }, 'a line')
if (process.argv[2] === 'later') await setImmediate()
if (process.argv[2] === 'throws') throw new Error('a defect')
if (process.argv[2] === 'exits') process.exit(3)
