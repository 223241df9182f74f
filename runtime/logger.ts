import { levels, pino } from 'pino'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'

/**
 * JSON lines on stderr, level from LOG_LEVEL (default info). Never pass tokens, keys or whole objects. A level that
 * pino does not know is BAD_CONFIG.
 */
export function logger(name: string): Log {
  const level = (process.env['LOG_LEVEL'] ?? '').toLowerCase()
  const known = ['silent', ...Object.values(levels.labels)]
  if (level !== '' && !known.includes(level))
    throw new NsmError(
      'BAD_CONFIG',
      `LOG_LEVEL=${JSON.stringify(level)}: expected one of ${known.join(', ')}`,
    )
  const options = { name, base: { name }, level: level === '' ? 'info' : level }
  return pino(options, pino.destination({ dest: 2, sync: true }))
}
