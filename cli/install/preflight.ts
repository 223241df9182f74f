import { listAll } from '#cli/check/list-all.ts'
import type { JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import { fetchObject, type Target } from './apply.ts'
import { pathIn } from './discovery.ts'
import { partOf } from './kinds.ts'
import { called, listAt, type Manifest, textAt } from './object.ts'
import { isWebhook } from './order.ts'

const reviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
const webhooks = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

/**
 * Throws DENIED with all rights that are missing, UNSUPPORTED for kinds that the cluster does not serve. Changes nothing.
 */
export async function checkRights(target: Target, objects: readonly Manifest[]): Promise<void> {
  const asked = new Map<string, Manifest>()
  for (const object of objects) {
    // Served only after its definition is applied.
    if (object.apiVersion.startsWith('networkservicemesh.io/')) continue
    const { group, resource } = await target.discovery(object)
    asked.set(`${group}/${resource}/${object.metadata.namespace ?? ''}`, object)
  }
  const missing = await Promise.all([...asked.values()].map(object => missingRights(target, object)))
  const words = missing.flat()
  if (words.length === 0) return
  throw new NsmError(
    'DENIED',
    `install: you may not ${words.join('; ')}; use a context of a cluster administrator (--context), or have one run: nsm install --print | kubectl apply -f -`,
  )
}

async function missingRights(
  { api, discovery, signal }: Target,
  object: Manifest,
): Promise<readonly string[]> {
  const { group, resource } = await discovery(object)
  const { namespace } = object.metadata
  const answers = await Promise.all(
    ['create', 'patch'].map(async verb => {
      const resourceAttributes = { group, resource, verb, ...(namespace === undefined ? {} : { namespace }) }
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes },
      }
      const { status } = await api.call({ method: 'POST', path: reviews, body, signal })
      const isDenied = typeof status === 'object' && status !== null && 'allowed' in status && !status.allowed
      return isDenied ? [verb] : []
    }),
  )
  const verbs = answers.flat()
  const place = namespace === undefined ? '' : ` in ${namespace}`
  return verbs.length === 0
    ? []
    : [`${verbs.join(' and ')} ${resource}${group === '' ? '' : `.${group}`}${place}`]
}

/**
 * Throws CONFLICT when another Network Service Mesh is there: definitions that are not ours, or a webhook that would
 * inject the same pods. Changes nothing.
 */
export async function checkOthers(target: Target, objects: readonly Manifest[]): Promise<void> {
  const found = [...(await foreignDefinitions(target, objects)), ...(await foreignWebhooks(target, objects))]
  if (found.length === 0) return
  throw new NsmError(
    'CONFLICT',
    `install: another Network Service Mesh is in this cluster: ${found.join('; ')}; uninstall it first, or take over what has our names: nsm install --force`,
  )
}

async function foreignDefinitions(target: Target, objects: readonly Manifest[]): Promise<readonly string[]> {
  const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition')
  const found = await Promise.all(
    definitions.map(async definition => {
      const live = await fetchObject(target, pathIn(await target.discovery(definition), definition))
      if (live === undefined || isOurs(live)) return []
      const versions = listAt(live, 'spec', 'versions').map(version => textAt(version, 'name'))
      return [
        `${called(definition)} (versions ${versions.join(', ')}) has another schema and is not labelled ${partOf.key}=${partOf.value}`,
      ]
    }),
  )
  return found.flat()
}

async function foreignWebhooks(
  { api, signal }: Target,
  objects: readonly Manifest[],
): Promise<readonly string[]> {
  const own = new Set(objects.filter(isWebhook).map(({ metadata }) => metadata.name))
  const live = await listAll(api, { path: webhooks, signal })
  return live
    .filter(configuration => !isOurs(configuration))
    .flatMap(configuration => {
      const name = textAt(configuration, 'metadata', 'name')
      const entry = listAt(configuration, 'webhooks')
        .map(webhook => textAt(webhook, 'name'))
        .find(found => /(^|\.)networkservicemesh\.io$/.test(found))
      if (entry === undefined && !own.has(name)) return []
      return [
        `mutatingwebhookconfiguration/${name} is not labelled ${partOf.key}=${partOf.value}${entry === undefined ? '' : ` and asks ${entry} about pods`}`,
      ]
    })
}

function isOurs(object: JsonObject): boolean {
  return textAt(object, 'metadata', 'labels', partOf.key) === partOf.value
}
