import { serverAddress } from '#registry/server-address.ts'
import type { Address } from '#sdk/rpc/types.ts'

/**
 * Reads the address of an issuer: `unix:///path`, `tcp://host:port` or a bare `host:port`. A bare IPv6 address gets its brackets:
 * kubelet tells `NSM_ISSUER_SERVICE_HOST` without any. Throws BAD_CONFIG.
 */
export function issuerAddress(value: string): Address {
  const [, host, port] = /^(?:tcp:\/\/)?([0-9a-fA-F:.]*:[0-9a-fA-F:.]*):(\d{1,5})$/.exec(value.trim()) ?? []
  return host === undefined ? serverAddress(value) : serverAddress(`tcp://[${host}]:${port}`)
}
