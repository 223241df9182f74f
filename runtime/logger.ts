import { levels, pino } from 'pino'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'

/**
 * JSON lines on stderr, level from LOG_LEVEL (default info). Never pass tokens, keys or whole objects. A level that
 * pino does not know is BAD_CONFIG.
 */
export function logger(name: string): Log {
  return pino(optionsOf(name), pino.destination({ dest: 2, sync: true }))
}

/**
 * As `logger`, for a program that logs each of thousands of requests: lines are written together and beside the work, at
 * most 200 ms late, so that a slow reader of stderr stops nobody; beyond 4 MiB that wait for it, lines are dropped. What
 * is left is written when the process exits; a process that is killed outright loses it.
 */
export function bufferedLogger(name: string): Log {
  const destination = pino.destination({
    dest: 2,
    sync: false,
    minLength: 16 * 1024 - 1,
    maxLength: 4 * 1024 * 1024,
    periodicFlush: 200,
  })
  process.once('exit', () => destination.flushSync())
  return pino(optionsOf(name), destination)
}

function optionsOf(name: string) {
  const level = (process.env['LOG_LEVEL'] ?? '').toLowerCase()
  const known = ['silent', ...Object.values(levels.labels)]
  if (level !== '' && !known.includes(level))
    throw new NsmError(
      'BAD_CONFIG',
      `LOG_LEVEL=${JSON.stringify(level)}: expected one of ${known.join(', ')}`,
    )
  return { name, base: { name }, level: level === '' ? 'info' : level }
}
