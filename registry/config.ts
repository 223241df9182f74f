import { setting } from '#runtime/config.ts'
import { duration, flag, text } from '#runtime/parse.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { serverAddress } from './server-address.ts'

/** What the registry reads from its environment; the README has the same table. */
export const config = {
  listen: setting<Address>({
    env: 'NSM_REGISTRY_LISTEN',
    parse: serverAddress,
    default: 'unix:///var/lib/networkservicemesh/nsm.registry.io.sock',
    doc: 'Where managers are served: unix:///path or tcp://host:port.',
  }),
  insecure: setting({
    env: 'NSM_INSECURE',
    also: ['INSECURE'],
    parse: flag,
    default: false,
    doc: 'Serve at a TCP address, where whoever reaches the port may change what endpoints there are.',
  }),
  file: setting({
    env: 'NSM_REGISTRY_FILE',
    parse: text,
    default: '/var/lib/networkservicemesh/registry.db',
    doc: 'File of the records (SQLite).',
  }),
  lease: setting({
    env: 'NSM_REGISTRY_LEASE',
    parse: duration,
    default: 30_000,
    doc: 'How long the endpoints of a node stay after its manager was last there.',
  }),
}
