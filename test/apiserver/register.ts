import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { KubeApiError } from '#kube/api.ts'
import { eventually } from '#test/local/nsm.ts'
import type { Cluster } from './cluster.ts'
import type { Webhook } from './webhook.ts'

/** An entry of a MutatingWebhookConfiguration. */
export type Entry = Readonly<Record<string, unknown>> & {
  readonly clientConfig: { readonly service: { readonly path: string } }
}

/** A registration that is in force. */
export interface Registration extends AsyncDisposable {
  /** Name of the MutatingWebhookConfiguration. */
  readonly name: string
}

/** What to change of each entry before it is registered. */
export type Change = (entry: Entry) => object

const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const { signal } = new AbortController()

/**
 * Registers the webhook by its URL with the entries of manifests/base/webhook, and waits until the API server heeds them;
 * disposing takes it away, and waits as well. `change` alters each entry.
 */
export async function register(
  { api }: Pick<Cluster, 'api'>,
  { url, ca }: Pick<Webhook, 'url' | 'ca'>,
  change: Change = entry => entry,
): Promise<Registration> {
  const manifest = parse(
    await readFile('manifests/base/webhook/mutating-webhook-configuration.yaml', 'utf8'),
    // Its anchors are shared nodes; each entry gets its own copy.
    { maxAliasCount: -1 },
  ) as { readonly webhooks: readonly Entry[] }
  const caBundle = Buffer.from(ca).toString('base64')
  const entries = manifest.webhooks.map(entry => ({
    ...change(entry),
    clientConfig: { url: `${url}${entry.clientConfig.service.path}`, caBundle },
  }))
  const mark = `m${randomUUID()}`
  const name = `nsm-webhook-${mark}`
  const body = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name, labels: { 'app.kubernetes.io/part-of': 'nsm' } },
    webhooks: [...entries, canary(mark)],
  }
  await api.call({ method: 'POST', path, body, signal })
  await untilCanary(api, mark, 'sings')
  return {
    name,
    async [Symbol.asyncDispose]() {
      await api.call({ method: 'DELETE', path: `${path}/${name}`, signal })
      await untilCanary(api, mark, 'is silent')
    },
  }
}

/**
 * An entry that refuses one kind of ConfigMap with a name of its own. All entries of a configuration come into force at
 * once, so its refusal tells when, without touching what is tested.
 */
function canary(mark: string): object {
  return {
    name: `${mark}.canary.networkservicemesh.io`,
    clientConfig: { url: 'https://127.0.0.1:1/' },
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
    objectSelector: { matchLabels: { canary: mark } },
    failurePolicy: 'Fail',
    sideEffects: 'None',
    timeoutSeconds: 1,
    admissionReviewVersions: ['v1'],
  }
}

async function untilCanary(api: Cluster['api'], mark: string, wanted: 'sings' | 'is silent'): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: mark, labels: { canary: mark } } }
  await eventually(`the registration's canary ${wanted}`, async () => {
    try {
      await api.call({
        method: 'POST',
        path: '/api/v1/namespaces/default/configmaps?dryRun=All',
        body,
        signal,
      })
      return wanted === 'is silent' ? true : undefined
    } catch (error) {
      if (!(error instanceof KubeApiError) || !error.message.includes(mark)) throw error
      return wanted === 'sings' ? true : undefined
    }
  })
}
