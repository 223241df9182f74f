/** A TCP address to listen on. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** Parses `host:port`, `[v6]:port` and `:port` (every address of the machine). Throws Error with the reason. */
export function listenAddress(value: string): ListenAddress {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:]*)):(?<port>[0-9]+)$/.exec(value.trim())
  const port = Number(match?.groups?.['port'])
  if (match === null || port > 65_535) throw new Error('expected host:port, [::1]:port or :port')
  const host = match.groups?.['v6'] ?? match.groups?.['host'] ?? ''
  return { host: host === '' ? '::' : host, port }
}
