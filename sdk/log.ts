/** The logger that every part takes: pino's shape, so that a pino instance is one. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** A logger that says nothing, for tests and for callers that do not care. */
export const silent: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore }

function ignore(): void {}
