import { writeSync } from 'node:fs'
import type { Log } from '#sdk/log.ts'

/** From the talkative to the silent; a line is written when its level is not below LOG_LEVEL. */
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/**
 * A logger that writes each message as a line on stderr, `name: message`. It loads in no time, where pino costs an
 * init container a quarter of its life. LOG_LEVEL says from which level on; default, and for a word that is no level, info.
 */
export function lineLog(name: string): Log {
  const wanted = levels.indexOf((process.env['LOG_LEVEL'] ?? '').toLowerCase())
  const least = wanted === -1 ? levels.indexOf('info') : wanted
  const at = (level: string) =>
    levels.indexOf(level) < least
      ? (): void => {}
      : (_fields: object, message: string): void => void writeSync(2, `${name}: ${message}\n`)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
