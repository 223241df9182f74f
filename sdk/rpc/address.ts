import { isIPv6 } from 'node:net'
import { NsmError } from '#sdk/errors.ts'
import type { Address } from './types.ts'

/** The longest name of a unix socket in bytes: sun_path less its terminating zero (unix(7)). */
const socketPathLimit = 107

/** An address taken apart. An abstract name stands in `path` with the leading zero byte that the kernel expects. */
export type Target =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'abstract'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

/** Takes an address apart. Throws BAD_CONFIG for another form, a relative path or a socket name over 107 bytes. */
export function parseAddress(address: Address): Target {
  const unix = /^unix:\/\/(\/.+)$/s.exec(address)?.[1]
  if (unix !== undefined) return { kind: 'unix', path: fitting(address, unix) }
  const abstract = /^unix-abstract:\/\/(.+)$/s.exec(address)?.[1]
  if (abstract !== undefined) return { kind: 'abstract', path: fitting(address, `\0${abstract}`) }
  const tcp = /^tcp:\/\/(?:\[([^\]]+)\]|([^:/[\]]*)):(\d{1,5})$/.exec(address)
  const host = tcp?.[1] ?? tcp?.[2]
  const port = Number(tcp?.[3])
  if (host !== undefined && port <= 65_535) return { kind: 'tcp', host, port }
  throw new NsmError(
    'BAD_CONFIG',
    `cannot use the address ${JSON.stringify(address)}: write unix:///absolute/path, unix-abstract://name or tcp://host:port`,
  )
}

/** Puts the address of a listening TCP socket together. */
export function tcpAddress(host: string, port: number): Address {
  return `tcp://${isIPv6(host) ? `[${host}]` : host}:${port}`
}

function fitting(address: Address, path: string): string {
  const length = Buffer.byteLength(path)
  if (length <= socketPathLimit) return path
  throw new NsmError(
    'BAD_CONFIG',
    `cannot use the socket ${address}: its name has ${length} bytes and Linux allows ${socketPathLimit}; choose a shorter directory`,
  )
}
