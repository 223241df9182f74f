import { setting } from '#runtime/config.ts'
import { flag, list, oneOf, text } from '#runtime/parse.ts'
import { listenAddress } from '#webhook/http/listen-address.ts'

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
  initImage: setting({
    env: 'NSM_INIT_IMAGE',
    parse: text,
    default: '',
    doc: 'Image of the injected init container; empty means REPO/INITCONTAINER:TAG.',
  }),
  repository: setting({
    env: 'REPO',
    parse: text,
    default: 'networkservicemesh',
    doc: 'Where the images are.',
  }),
  initName: setting({
    env: 'INITCONTAINER',
    parse: text,
    default: 'nsm-init',
    doc: 'Name of the init image within REPO.',
  }),
  tag: setting({ env: 'TAG', parse: text, default: 'latest', doc: 'Tag of the init image.' }),
  pullPolicy: setting<'Always' | 'IfNotPresent' | 'Never'>({
    env: 'NSM_INIT_PULL_POLICY',
    parse: oneOf('Always', 'IfNotPresent', 'Never'),
    default: 'IfNotPresent',
    doc: 'Pull policy of the injected init container.',
  }),
  namespace: setting({
    env: 'NSM_NAMESPACE',
    parse: text,
    default: 'default',
    doc: 'Namespace of the mesh, given to the client as NSM_NAMESPACE.',
  }),
  ignoredNamespaces: setting({
    env: 'NSM_WEBHOOK_IGNORED_NAMESPACES',
    parse: list,
    default: ['kube-system', 'kube-public', 'kube-node-lease'],
    doc: 'Namespaces whose pods are left alone.',
  }),
  enforceLimits: setting({
    env: 'ENFORCE_LIMITS',
    parse: flag,
    default: false,
    doc: 'Limit CPU and memory of the init container always, not only in pods of class Guaranteed.',
  }),
}
