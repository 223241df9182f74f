import { readFileSync } from 'node:fs'
import { vi } from 'vitest'
import { parse } from 'yaml'
import { makeAuthority } from '#certs/authority.ts'
import { issue } from '#certs/issue.ts'
import { isInjected } from '#cli/check/is-injected.ts'
import { tryPod } from '#cli/check/try-pod.ts'
import { readConfig } from '#runtime/config.ts'
import { silent } from '#sdk/log.ts'
import type { Events } from '#webhook/events/send-events.ts'
import { newServer } from '#webhook/http/server.ts'
import { newMetrics } from '#webhook/metrics/metrics.ts'
import { type Namespaces, watchNamespaces } from '#webhook/namespaces/watch-namespaces.ts'
import { patchConfig, patchSettings } from '#webhook/settings.ts'
import type { Cluster } from './cluster.ts'

/** The webhook, served on the loopback and registered as shipped, but for its address. */
export interface InstalledWebhook extends AsyncDisposable {
  readonly namespaces: Namespaces
  /** Ends the serving alone. */
  stop(): Promise<void>
}

const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const { signal } = new AbortController()

/** Path of the registration. */
export const configurationPath = `${path}/nsm-webhook`

/** Serves and registers the webhook; resolves when the API server asks it. Disposing waits until it does so no more. */
export async function installWebhook(
  cluster: Cluster,
  events: Pick<Events, 'record'> = { record: () => undefined },
): Promise<InstalledWebhook> {
  const { api } = cluster
  await using made = new AsyncDisposableStack()
  const authority = await makeAuthority('webhook of a test')
  const leaf = await issue(authority, { ips: ['127.0.0.1'] })
  const namespaces = made.use(watchNamespaces({ api, log: silent, signal }))
  const server = made.use(
    newServer({
      keyPair: { cert: leaf.certificate, key: leaf.key },
      settings: patchSettings(readConfig(patchConfig, {})),
      log: silent,
      metrics: newMetrics('test'),
      namespaces,
      events,
      readyReason: () => undefined,
    }),
  )
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  await api.call({ method: 'POST', path, body: registration(url, authority.certificate), signal })
  made.defer(async () => {
    await api.call({ method: 'DELETE', path: configurationPath, signal })
    await untilPods(cluster, 'are left alone')
  })
  await untilPods(cluster, 'are injected')
  const kept = made.move()
  return {
    namespaces,
    stop: () => server.drain(0, signal),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** The API server learns of registrations by a watch of its own. */
async function untilPods({ api }: Cluster, wanted: 'are injected' | 'are left alone'): Promise<void> {
  await vi.waitFor(
    async () => {
      const trial = await tryPod({ api, signal, namespace: 'default', mode: 'init' })
      if (trial.made && isInjected(trial.pod) === (wanted === 'are injected')) return
      throw new Error(`not all pods ${wanted} yet`)
    },
    { timeout: 10_000, interval: 50 },
  )
}

function registration(url: string, authority: string): object {
  const shipped = parse(
    readFileSync('manifests/base/webhook/mutating-webhook-configuration.yaml', 'utf8'),
  ) as {
    readonly webhooks: readonly { readonly clientConfig: { readonly service: { readonly path: string } } }[]
  }
  return {
    ...shipped,
    webhooks: shipped.webhooks.map(entry => ({
      ...entry,
      clientConfig: {
        url: `${url}${entry.clientConfig.service.path}`,
        caBundle: Buffer.from(authority).toString('base64'),
      },
    })),
  }
}
