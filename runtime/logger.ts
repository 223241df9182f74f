import { pino } from 'pino'
import type { Log } from '#sdk/log.ts'

/** JSON lines on stderr, level from LOG_LEVEL (default info). Never pass tokens, keys or whole objects. */
export function logger(name: string): Log {
  const level = process.env['LOG_LEVEL'] ?? ''
  return pino(
    { name, base: { name }, level: level === '' ? 'info' : level.toLowerCase() },
    pino.destination({ dest: 2, sync: true }),
  )
}
