import { parseAddress } from '#sdk/rpc/address.ts'
import type { Address } from '#sdk/rpc/types.ts'

/** Reads the address of a registry: `unix:///path`, `tcp://host:port` or a bare `host:port`. Throws BAD_CONFIG. */
export function serverAddress(value: string): Address {
  const address = toAddress(value.trim())
  parseAddress(address)
  return address
}

function toAddress(value: string): Address {
  const [, scheme, rest = value] = /^(unix|unix-abstract|tcp):\/\/(.*)$/s.exec(value) ?? []
  switch (scheme) {
    case 'unix':
      return `unix://${rest}`
    case 'unix-abstract':
      return `unix-abstract://${rest}`
    default:
      return `tcp://${rest}`
  }
}
