import { serverAddress } from '#registry/server-address.ts'
import type { Address } from '#sdk/rpc/types.ts'

/**
 * Reads the address of an issuer: `unix:///path`, `tcp://host:port` or a bare `host:port`. A bare IPv6 address gets its brackets:
 * kubelet tells `NSM_ISSUER_SERVICE_HOST` without any. It leaves `$(NSM_ISSUER_SERVICE_HOST)` as it is in a container that
 * starts before the Service is there: that is then asked for by its name, which cluster DNS knows as soon as it is. Throws
 * BAD_CONFIG.
 */
export function issuerAddress(value: string): Address {
  if (value.includes('$(NSM_ISSUER_SERVICE_HOST)')) return serviceByName
  const [, host, port] = /^(?:tcp:\/\/)?([0-9a-fA-F:.]*:[0-9a-fA-F:.]*):(\d{1,5})$/.exec(value.trim()) ?? []
  return host === undefined ? serverAddress(value) : serverAddress(`tcp://[${host}]:${port}`)
}

/** Service nsm-issuer of the manager's own namespace, at the port of its manifest. */
export const serviceByName = 'tcp://nsm-issuer:5002'
