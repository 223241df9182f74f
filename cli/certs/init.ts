import { join } from 'node:path'
import { stringify } from 'yaml'
import { bundleOf } from '#certs/bundle.ts'
import { makeFiles } from '#certs/make-files.ts'
import { order } from '#certs/order.ts'
import { configurationsPath, fetchConfiguration, publish } from '#certs/published.ts'
import { isUsable, nextStep, usualLimits } from '#certs/rotation.ts'
import { readHeld, writeHeld } from '#certs/secret.ts'
import { pathOf, readSecret, writeSecret } from '#certs/shared-secret.ts'
import { takeStep } from '#certs/take-step.ts'
import type { Context } from '#cli/context.ts'
import { isObject, type JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import { type Cluster, placeOf } from './cluster.ts'

/** How often it is tried again when somebody else writes meanwhile. */
const attempts = 8

/** Makes a certificate in a folder: ca.crt, tls.crt, tls.key. What is there stays. */
export async function initFiles(folder: string, names: readonly string[], context: Context): Promise<void> {
  const files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
  const result = await makeFiles(files, names, order)
  context.out(`${files.certificate} ${result}\n`)
}

/** Makes the Secret, fills it, and publishes its authority. What is there and usable stays. */
export async function initCluster(
  cluster: Cluster,
  names: readonly string[],
  context: Context,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await initOnce(cluster, names, context)
    } catch (thrown) {
      const { code } = NsmError.from(thrown)
      const contended = code === 'CONFLICT' || code === 'ALREADY_EXISTS' || code === 'BAD_INPUT'
      if (!contended || attempt === attempts) throw thrown
    }
  }
}

async function initOnce(cluster: Cluster, names: readonly string[], context: Context): Promise<void> {
  const { api, signal, namespace, secret: name } = cluster
  const place = placeOf(cluster)
  const found = await existing(cluster)
  const body = found ?? newSecret(cluster)
  const filled = await fill(body, names, signal)
  const object = `secret/${name}`
  if (found === undefined) {
    await api.call({ method: 'POST', path: `/api/v1/namespaces/${namespace}/secrets`, body: filled, signal })
    context.out(`${object} created\n`)
  } else if (filled === found) context.out(`${object} unchanged\n`)
  else {
    await writeSecret(place, filled, signal)
    context.out(`${object} configured\n`)
  }
  await publishTo(cluster, context)
}

async function publishTo(cluster: Cluster, context: Context): Promise<void> {
  const { api, signal, configuration: name } = cluster
  const object = `mutatingwebhookconfiguration/${name}`
  const configuration = await fetchConfiguration(api, name, signal)
  if (configuration === undefined) {
    context.note(`${object} does not exist: apply the manifests; the webhook publishes its authority then\n`)
    return
  }
  const bundle = bundleOf(readHeld(await readSecret(placeOf(cluster), signal)).authorities)
  const { result } = await publish(api, { configuration, bundle }, signal)
  if (result === 'foreign' && configuration.owner.is === 'foreign')
    throw new NsmError(
      'DENIED',
      `${object}: its caBundle is left alone, since ${configuration.owner.why}; label it app.kubernetes.io/part-of=nsm, or take the annotation away, if it is to be kept by nsm`,
    )
  context.out(`${object} ${result === 'ok' ? 'configured' : 'unchanged'}\n`)
}

/** The objects as `init` would leave them, as YAML; keys are not shown, so it cannot be applied. */
export async function printInit(cluster: Cluster, names: readonly string[], context: Context): Promise<void> {
  const { api, signal, configuration: name } = cluster
  const secret = await fill((await existing(cluster)) ?? newSecret(cluster), names, signal)
  const caBundle = Buffer.from(bundleOf(readHeld(secret).authorities)).toString('base64')
  const configuration = await api
    .call({ method: 'GET', path: `${configurationsPath}/${name}`, signal })
    .catch((thrown: unknown) => {
      if (NsmError.from(thrown).code !== 'NOT_FOUND') throw thrown
      return undefined
    })
  const webhooks: readonly unknown[] = Array.isArray(configuration?.['webhooks'])
    ? configuration['webhooks']
    : []
  const published = {
    ...configuration,
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    webhooks: webhooks.map(entry =>
      isObject(entry) && isObject(entry['clientConfig'])
        ? { ...entry, clientConfig: { ...entry['clientConfig'], caBundle } }
        : entry,
    ),
  }
  const objects = configuration === undefined ? [withoutKeys(secret)] : [withoutKeys(secret), published]
  context.out(objects.map(object => stringify(object)).join('---\n'))
}

async function existing(cluster: Cluster): Promise<JsonObject | undefined> {
  try {
    return await cluster.api.call({ method: 'GET', path: pathOf(placeOf(cluster)), signal: cluster.signal })
  } catch (thrown) {
    if (NsmError.from(thrown).code === 'NOT_FOUND') return undefined
    throw thrown
  }
}

async function fill(secret: JsonObject, names: readonly string[], signal: AbortSignal): Promise<JsonObject> {
  const held = readHeld(secret)
  if (isUsable(held, Date.now())) return secret
  const observed = { now: Date.now(), clock: 'right', bundleMs: undefined, names } as const
  const { step } = nextStep(held, observed, usualLimits)
  if (step === 'wait') return secret
  const make = (what: Parameters<typeof order>[0]) => order(what, signal)
  return writeHeld(secret, await takeStep(held, step, { limits: usualLimits, names, make }))
}

function newSecret({ secret: name, namespace }: Cluster): JsonObject {
  const labels = { 'app.kubernetes.io/part-of': 'nsm' }
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, labels }, type: 'Opaque' }
}

function withoutKeys(secret: JsonObject): JsonObject {
  const data = isObject(secret['data']) ? secret['data'] : {}
  const shown = Object.entries(data).map(([key, value]) => [
    key,
    key.endsWith('.key') ? '(a private key, not shown)' : value,
  ])
  return { apiVersion: 'v1', kind: 'Secret', ...secret, data: Object.fromEntries(shown) }
}
