import { writeSync } from 'node:fs'
import type { Log } from '#sdk/log.ts'

/**
 * A logger that writes each message as a line on stderr, `name: message`. It loads in no time, where pino costs an
 * init container a quarter of its life. Debug lines only when LOG_LEVEL is `debug`.
 */
export function lineLog(name: string): Log {
  const say = (_fields: object, message: string): void => {
    writeSync(2, `${name}: ${message}\n`)
  }
  const debug = process.env['LOG_LEVEL']?.toLowerCase() === 'debug' ? say : (): void => {}
  return { debug, info: say, warn: say, error: say }
}
