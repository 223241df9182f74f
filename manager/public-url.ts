import { networkInterfaces } from 'node:os'
import { NsmError } from '#sdk/errors.ts'

/**
 * What other managers are told: what is configured, else what is bound, with the first IPv4 address of the node in
 * place of "any". BAD_CONFIG when the node has none.
 */
export function publicUrl(bound: string, configured: string): string {
  if (configured !== '') return urlOf(configured)
  const [, host, port] = /^tcp:\/\/(.*):(\d+)$/.exec(bound) ?? []
  if (host !== '' && host !== '0.0.0.0' && host !== '[::]') return bound
  const address = Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')
  if (address !== undefined) return `tcp://${address.address}:${port}`
  throw new NsmError(
    'BAD_CONFIG',
    `cannot tell other managers where this one is: the node has no IPv4 address; set NSMD_PUBLIC_API`,
  )
}

/** `tcp://host:port` of what is configured, with the scheme or without. */
export function urlOf(configured: string): string {
  return configured.startsWith('tcp://') ? configured : `tcp://${configured}`
}
