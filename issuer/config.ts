import { setting } from '#runtime/config.ts'
import { duration, integer, text } from '#runtime/parse.ts'
import type { Address } from '#sdk/rpc/types.ts'

/** Shorter lives, in milliseconds, would be used up by making certificates. */
const shortest = 10_000

/** What the issuer reads from its environment; the README has the same table. */
export const config = {
  listen: setting<Address>({
    env: 'NSM_ISSUER_LISTEN',
    parse: listenAddress,
    default: 'tcp://:5002',
    doc: 'Where managers are served, over TLS: host:port or :port.',
  }),
  probePort: setting({
    env: 'NSM_ISSUER_PROBE_PORT',
    parse: integer({ min: 0, max: 65_535 }),
    default: 8081,
    doc: 'Port of GET /healthz and /readyz, over plain HTTP; 0 serves neither.',
  }),
  kubeconfig: setting({
    env: 'NSM_ISSUER_KUBECONFIG',
    parse: text,
    default: '',
    doc: 'File that says where the API server is; empty is what kubelet gives to a pod.',
  }),
  namespace: setting({
    env: 'POD_NAMESPACE',
    parse: text,
    default: 'nsm-system',
    doc: 'Namespace of the issuer, of its Secret and its ConfigMap, and of the managers.',
  }),
  service: setting({
    env: 'NSM_ISSUER_SERVICE',
    parse: text,
    default: 'nsm-issuer',
    doc: 'Name of the Service by which managers reach the issuer: its certificate is for that name.',
  }),
  secret: setting({
    env: 'NSM_ISSUER_SECRET',
    parse: text,
    default: 'nsm-issuer-ca',
    doc: 'Name of the Secret that holds the authority.',
  }),
  configMap: setting({
    env: 'NSM_ISSUER_CONFIG_MAP',
    parse: text,
    default: 'nsm-authorities',
    doc: 'Name of the ConfigMap in which the authorities are published, as ca.crt.',
  }),
  account: setting({
    env: 'NSM_ISSUER_ACCOUNT',
    parse: text,
    default: 'nsm-manager',
    doc: 'Service account of the managers: nobody else is certified.',
  }),
  audience: setting({
    env: 'NSM_ISSUER_AUDIENCE',
    parse: text,
    default: 'nsm-issuer',
    doc: 'Audience that a token must be for.',
  }),
  authorityLife: setting({
    env: 'NSM_ISSUER_AUTHORITY_LIFE',
    parse: life,
    default: 365 * 24 * 3_600_000,
    doc: 'Life of an authority, at least eight times the life of a certificate; a new one is made after two thirds of it.',
  }),
  certificateLife: setting({
    env: 'NSM_ISSUER_CERTIFICATE_LIFE',
    parse: life,
    default: 24 * 3_600_000,
    doc: 'Life of the certificate of a manager, at least 10s; it asks for a new one after two thirds of it.',
  }),
  propagation: setting({
    env: 'NSM_ISSUER_PROPAGATION',
    parse: duration,
    default: 300_000,
    doc: 'How long a published authority may take to reach every manager.',
  }),
}

function listenAddress(value: string): Address {
  const rest = value.trim().replace(/^tcp:\/\//, '')
  if (!/^(\[[0-9a-fA-F:.]+\]|[^:/[\]\s]*):\d{1,5}$/.test(rest)) throw new Error('expected host:port or :port')
  return `tcp://${rest}`
}

function life(value: string): number {
  const ms = duration(value)
  if (ms < shortest) throw new Error(`expected at least ${shortest / 1000}s`)
  return ms
}
