import { bundleOf, whyRefused } from '#certs/bundle.ts'
import { readConfiguration } from '#certs/configuration.ts'
import type { Held } from '#certs/held.ts'
import { type Made, make, type Order } from '#certs/make.ts'
import { usualLimits } from '#certs/rotation.ts'
import { readHeld, writeHeld } from '#certs/secret.ts'
import { takeStep } from '#certs/take-step.ts'
import type { KubeApi } from '#kube/api.ts'
import type { JsonObject } from '#kube/shape.ts'
import { silent } from '#sdk/log.ts'
import { openCertificate } from './open.ts'
import type { Certificate, CertificateOptions } from './options.ts'

/** What the tests of certificates share: the objects as the manifests have them, and replicas that hurry. */
const { signal } = new AbortController()
const secrets = '/api/v1/namespaces/nsm-system/secrets'
const configurations = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

/** Limits of a test that does not wait: what takes a minute takes a moment. */
export const quickLimits = { ...usualLimits, propagationMs: 20 }

/** Makes the empty Secret and the configuration of two entries. */
export async function applyManifests(api: KubeApi, metadata: JsonObject = {}): Promise<void> {
  const labels = { 'app.kubernetes.io/part-of': 'nsm' }
  const secret = { metadata: { name: 'nsm-webhook-certs', labels }, type: 'Opaque' }
  await api.call({ method: 'POST', path: secrets, body: secret, signal })
  const clientConfig = { service: { name: 'nsm-webhook', namespace: 'nsm-system', path: '/mutate' } }
  const configuration = {
    metadata: { name: 'nsm-webhook', labels, ...metadata },
    webhooks: ['pods', 'workloads'].map(name => ({ name: `${name}.networkservicemesh.io`, clientConfig })),
  }
  await api.call({ method: 'POST', path: configurations, body: configuration, signal })
}

/** Starts a replica with the source `self`, and waits until it serves. */
export function openSelf(
  api: KubeApi,
  replica: string,
  options: Partial<CertificateOptions> = {},
): Promise<Certificate> {
  return openCertificate(certificateOptions(api, { source: 'self', replica, ...options }), signal)
}

/** Options that do not wait; undefined stands for a machine without Kubernetes. */
export function certificateOptions(
  api: KubeApi | undefined,
  options: Partial<CertificateOptions>,
): CertificateOptions {
  return {
    source: 'self',
    files: { certificate: '', key: '' },
    names: ['nsm-webhook.nsm-system.svc'],
    bundleFile: '',
    namespace: 'nsm-system',
    secret: 'nsm-webhook-certs',
    configuration: 'nsm-webhook',
    replica: 'pod',
    limits: quickLimits,
    ...(api === undefined ? {} : { api }),
    log: silent,
    use: () => {},
    make,
    everyMs: 20,
    ...options,
  }
}

/** What the Secret holds. */
export async function heldBy(api: KubeApi): Promise<Held> {
  return readHeld(await readSecret(api))
}

/** The Secret itself. */
export function readSecret(api: KubeApi): Promise<JsonObject> {
  return api.call({ method: 'GET', path: `${secrets}/nsm-webhook-certs`, signal })
}

/** Writes data and annotations of the Secret as a stranger would. */
export async function patchSecret(api: KubeApi, body: JsonObject): Promise<void> {
  await api.call({ method: 'PATCH', path: `${secrets}/nsm-webhook-certs`, body, signal })
}

/** Starts a rotation as `nsm certs rotate` does. */
export async function announce(api: KubeApi, maker: (what: Order) => Promise<Made> = make): Promise<void> {
  const secret = await readSecret(api)
  const after = await takeStep(readHeld(secret), 'announce', {
    limits: quickLimits,
    names: ['x'],
    make: maker,
  })
  const body = writeHeld(secret, after)
  await api.call({ method: 'PUT', path: `${secrets}/nsm-webhook-certs`, body, signal })
}

/** The bundles of the configuration's entries. */
export async function bundlesIn(api: KubeApi): Promise<readonly string[]> {
  const object = await api.call({ method: 'GET', path: `${configurations}/nsm-webhook`, signal })
  return readConfiguration(object).entries.map(({ bundle }) => bundle)
}

/** Overwrites the configuration as a stranger would. */
export async function patchConfiguration(api: KubeApi, body: unknown): Promise<void> {
  const contentType = Array.isArray(body) ? 'application/json-patch+json' : 'application/merge-patch+json'
  await api.call({ method: 'PATCH', path: `${configurations}/nsm-webhook`, body, contentType, signal })
}

/** Writes a bundle into every entry, as cert-manager does. */
export function injectBundle(api: KubeApi, bundle: string): Promise<void> {
  const value = Buffer.from(bundle).toString('base64')
  const operations = [0, 1].map(index => ({
    op: 'add',
    path: `/webhooks/${index}/clientConfig/caBundle`,
    value,
  }))
  return patchConfiguration(api, operations)
}

/** Why an API server would refuse a replica now: what `caBundle` says against what is served. */
export async function refusals(api: KubeApi, replicas: readonly Certificate[]): Promise<readonly string[]> {
  const bundles = await bundlesIn(api)
  return replicas.flatMap(replica =>
    bundles.flatMap(bundle => whyRefused(replica.current().cert, bundle, Date.now()) ?? []),
  )
}

/** The bundle that the Secret stands for. */
export async function bundleOfSecret(api: KubeApi): Promise<string> {
  return bundleOf((await heldBy(api)).authorities)
}
