import { setting } from '#runtime/config.ts'
import { list, text } from '#runtime/parse.ts'
import { listenAddress } from '#webhook/http/listen-address.ts'
import { patchConfig } from './settings.ts'

/** What the webhook reads from its environment; the README has the same table. */
export const config = {
  listen: setting({
    env: 'NSM_WEBHOOK_LISTEN',
    parse: listenAddress,
    default: { host: '::', port: 8443 },
    doc: 'Where HTTPS is served: host:port, [::1]:port or :port; port 0 takes a free one and logs it.',
  }),
  certificate: setting({
    env: 'NSM_CERT_FILE_PATH',
    parse: text,
    default: '/etc/webhook/certs/tls.crt',
    doc: 'Certificate chain, PEM; read again when the file changes.',
  }),
  key: setting({
    env: 'NSM_KEY_FILE_PATH',
    parse: text,
    default: '/etc/webhook/certs/tls.key',
    doc: 'Private key of the certificate, PEM.',
  }),
  ownNames: setting({
    env: 'NSM_WEBHOOK_OWN_CERTIFICATE',
    parse: list,
    default: [],
    doc: 'DNS names and IP addresses: when the certificate file is missing, one for them is made and written there, its CA as ca.crt beside it.',
  }),
  ...patchConfig,
}
