import type { Address } from '#sdk/rpc/types.ts'

/** Reads `host:port` or `:port`; throws Error when it is neither. */
export function probeAddress(value: string): Address | undefined {
  if (/^(\[[0-9a-fA-F:.]+\]|[^:/[\]\s]*):\d{1,5}$/.test(value)) return `tcp://${value}`
  throw new Error('expected host:port or :port')
}
