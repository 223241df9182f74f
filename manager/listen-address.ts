import type { Address } from '#sdk/rpc/types.ts'

/** Reads `host:port`, `:port` or `tcp://host:port`; throws Error when it is none. */
export function listenAddress(value: string): Address | undefined {
  const rest = value.trim().replace(/^tcp:\/\//, '')
  if (!/^(\[[0-9a-fA-F:.]+\]|[^:/[\]\s]*):\d{1,5}$/.test(rest)) throw new Error('expected host:port or :port')
  return `tcp://${rest}`
}
