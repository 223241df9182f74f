import { setting } from '#runtime/config.ts'
import { duration, text } from '#runtime/parse.ts'
import { certificateConfig } from '#webhook/certificate/config.ts'
import { eventSettings } from '#webhook/events/settings.ts'
import { type ListenAddress, listenAddress } from '#webhook/http/listen-address.ts'
import { patchConfig } from './settings.ts'

/** What the webhook reads from its environment; the README has the same table. */
export const config = {
  listen: setting({
    env: 'NSM_WEBHOOK_LISTEN',
    parse: listenAddress,
    default: { host: '::', port: 8443 },
    doc: 'Where HTTPS is served: host:port, [::1]:port or :port; port 0 takes a free one and logs it.',
  }),
  metricsListen: setting<ListenAddress | undefined>({
    env: 'NSM_WEBHOOK_METRICS_LISTEN',
    parse: listenAddress,
    default: undefined,
    doc: 'Where GET /metrics is served, over plain HTTP; unset serves none.',
  }),
  drain: setting({
    env: 'NSM_WEBHOOK_DRAIN',
    parse: duration,
    default: 0,
    doc: 'How long to serve on after SIGTERM, until everybody knows that the webhook is not ready any more.',
  }),
  apiHost: setting({
    env: 'KUBERNETES_SERVICE_HOST',
    parse: text,
    default: '',
    doc: 'Set by kubelet in every pod: then the API server is asked for namespaces, certificates and Events.',
  }),
  kubeconfig: setting({
    env: 'NSM_WEBHOOK_KUBECONFIG',
    parse: text,
    default: '',
    doc: 'File that says where the API server is, for a webhook outside of the cluster.',
  }),
  ...patchConfig,
  ...certificateConfig,
  ...eventSettings,
}
