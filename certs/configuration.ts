import { isObject, type JsonObject, optionalObjectAt, optionalObjectsAt } from '#kube/shape.ts'
import { fingerprintsOf } from './bundle.ts'
import type { Authority } from './facts.ts'
import { decode } from './secret.ts'

/** What a MutatingWebhookConfiguration says about whom it trusts. */
export interface Configuration {
  readonly name: string
  readonly resourceVersion: string
  /** Whose it is. A foreign one is never patched; `why` says by what it is told. */
  readonly owner: { readonly is: 'ours' } | { readonly is: 'foreign'; readonly why: string }
  readonly entries: readonly Entry[]
}

/** One of its webhooks. */
export interface Entry {
  readonly name: string
  /** PEM; empty when it has none. */
  readonly bundle: string
}

const partOf = 'app.kubernetes.io/part-of'
const injectors = ['cert-manager.io/inject-ca-from', 'cert-manager.io/inject-ca-from-secret']

/** Reads what matters of a MutatingWebhookConfiguration. Throws ShapeError. */
export function readConfiguration(object: JsonObject): Configuration {
  const metadata = optionalObjectAt(object['metadata'], 'MutatingWebhookConfiguration /metadata')
  const webhooks = optionalObjectsAt(object['webhooks'], 'MutatingWebhookConfiguration /webhooks')
  return {
    name: textOf(metadata['name']),
    resourceVersion: textOf(metadata['resourceVersion']),
    owner: ownerOf(metadata),
    entries: webhooks.map(webhook => ({
      name: textOf(webhook['name']),
      bundle: decode(isObject(webhook['clientConfig']) ? webhook['clientConfig']['caBundle'] : undefined),
    })),
  }
}

/** Whether every entry trusts at least these authorities. */
export function trusts(
  { entries }: Configuration,
  authorities: readonly Pick<Authority, 'fingerprint'>[],
): boolean {
  return (
    entries.length > 0 &&
    entries.every(({ bundle }) => {
      const trusted = fingerprintsOf(bundle)
      return authorities.every(({ fingerprint }) => trusted.includes(fingerprint))
    })
  )
}

/**
 * The JSON Patch that makes every entry trust exactly this bundle; empty when they do. Its tests refuse a configuration
 * that was changed since it was read, so that nobody is overwritten and no entry is taken for another one.
 */
export function bundlePatch(configuration: Configuration, bundle: string): readonly JsonObject[] {
  const wrong = configuration.entries.flatMap((entry, index) =>
    sameBundle(entry.bundle, bundle) ? [] : [{ index, name: entry.name }],
  )
  if (wrong.length === 0) return []
  return [
    { op: 'test', path: '/metadata/resourceVersion', value: configuration.resourceVersion },
    ...wrong.flatMap(({ index, name }) => [
      { op: 'test', path: `/webhooks/${index}/name`, value: name },
      {
        op: 'add',
        path: `/webhooks/${index}/clientConfig/caBundle`,
        value: Buffer.from(bundle).toString('base64'),
      },
    ]),
  ]
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function sameBundle(one: string, other: string): boolean {
  return one === other || (one !== '' && same(fingerprintsOf(one), fingerprintsOf(other)))
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every(item => other.includes(item))
}

function ownerOf(metadata: JsonObject): Configuration['owner'] {
  const labels = isObject(metadata['labels']) ? metadata['labels'] : {}
  const annotations = isObject(metadata['annotations']) ? metadata['annotations'] : {}
  const injector = injectors.find(key => key in annotations)
  if (injector !== undefined)
    return { is: 'foreign', why: `it has the annotation ${injector}, so cert-manager keeps its caBundle` }
  if (labels[partOf] !== 'nsm') return { is: 'foreign', why: `it has no label ${partOf}=nsm` }
  return { is: 'ours' }
}
