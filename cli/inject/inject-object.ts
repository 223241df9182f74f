import { ownContainers } from '#cli/check/is-injected.ts'
import { jsonPatched } from '#kube/apply-patch.ts'
import { annotationsOf, checkMeta } from '#kube/meta.ts'
import { type Pod, readPod } from '#kube/pod.ts'
import { isObject, type JsonObject } from '#kube/shape.ts'
import { annotationKeys, parseAnnotations } from '#sdk/service-ref.ts'
import { patchPod } from '#webhook/patch.ts'
import { rules } from '#webhook/rules.ts'
import type { PatchSettings } from '#webhook/settings.ts'
import { type FoundObject, podPath, valueAt, withValueAt } from './pod-places.ts'
import { nameOf, refused, unchanged, type Verdict } from './verdict.ts'

/** What the verdict depends on besides the object. */
export interface InjectContext {
  readonly settings: PatchSettings
  /** The namespace of objects that name none. */
  readonly namespace: string
  /** Annotations that the pods of a namespace inherit, from Namespace objects of the same input. */
  readonly inheritedIn: (namespace: string) => Readonly<Record<string, string>>
}

/** A pod, or a pod template as one, and who else's annotations count for it. */
export interface PodWithin {
  readonly pod: Pod
  readonly namespace: string
  readonly inherited: Readonly<Record<string, string>>
  /** Where the annotations are that name its services. */
  readonly askedBy: 'pod' | 'pod template' | 'workload' | 'namespace' | undefined
  readonly path: FoundObject['path']
}

/**
 * Renders the injection into one object: a pod as the webhook does it, a workload in its pod template. The template's
 * annotation names the services, or else the workload's own, or else its namespace's.
 */
export function injectObject(found: FoundObject, context: InjectContext): Verdict {
  try {
    const within = podWithin(found, context)
    if (within === undefined) return withoutPod(found)
    if (within.askedBy === undefined)
      return {
        ...unchanged(found, 'no-annotation', 'nothing asks for network services'),
        warnings: misses(found, within, context),
      }
    const { pod, namespace, inherited, path } = within
    const result = patchPod(pod, { settings: context.settings, namespace, inherited })
    const { reasons, warnings, services } = result
    if (result.patch.length === 0) {
      const state = reasons.includes('already-injected') ? 'unchanged' : 'skipped'
      return { object: nameOf(found), state, reasons, says: inWords(reasons), warnings, after: found.value }
    }
    const changed = jsonPatched(asJson(pod), result.patch)
    const after = withValueAt(found.value, path, changed)
    return {
      object: nameOf(found),
      state: 'injected',
      reasons,
      says: `${services ?? ''} → ${ownContainers(changed)
        .map(({ name }) => name)
        .join(', ')}`,
      warnings,
      ...(services === undefined ? {} : { services }),
      after: asJson(after),
    }
  } catch (thrown) {
    return refused(found, thrown)
  }
}

/** What looks like an annotation of ours on an object that asks for nothing. */
function misses(found: FoundObject, { pod, path }: PodWithin, { settings, namespace }: InjectContext) {
  const mentions = (value: unknown) =>
    Object.keys(Object(valueAt(value, ['metadata', 'annotations']))).some(key =>
      /networkservicemesh\.io/i.test(key),
    )
  const own = mentions(pod) ? patchPod(readPod(pod), { settings, namespace }).warnings : []
  if (path.length === 0 || !mentions(found.value)) return own
  checkMeta(found.value, found.kind)
  return [...own, ...parseAnnotations(annotationsOf(found.value)).warnings]
}

/**
 * The pod of an object; undefined for an object that has none. Throws ShapeError for a malformed pod that asks for
 * services, BAD_ANNOTATION when the workload's annotation does not parse.
 */
export function podWithin(found: FoundObject, context: InjectContext): PodWithin | undefined {
  const path = podPath(found.kind)
  const value = path === undefined ? undefined : valueAt(found.value, path)
  if (path === undefined || !isObject(value)) return undefined
  const namespace = namespaceOf(found.value) ?? context.namespace
  const own = asks(value)
  const workload = path.length > 0 && asks(found.value)
  const passedOn = context.inheritedIn(namespace)
  if (!own && !workload && Object.keys(passedOn).length === 0)
    return { pod: value, namespace, inherited: {}, askedBy: undefined, path }
  const pod = readPod(value)
  if (own) return { pod, namespace, inherited: {}, askedBy: path.length === 0 ? 'pod' : 'pod template', path }
  if (!workload) return { pod, namespace, inherited: passedOn, askedBy: 'namespace', path }
  checkMeta(found.value, found.kind)
  const inherited = annotationsOf(found.value)
  // Here and not by the webhook, which would blame the namespace.
  parseAnnotations(inherited)
  return { pod, namespace, inherited, askedBy: 'workload', path }
}

/** The verdict on an object that has no pod and no pod template. */
export function withoutPod(found: FoundObject): Verdict {
  return podPath(found.kind) === undefined
    ? unchanged(found, 'other-kind', 'objects of this kind make no pods')
    : unchanged(found, 'no-pod-template', 'it has no pod template')
}

/** Reasons as a person reads them: the word for machines, and what it means. */
function inWords(reasons: readonly string[]): string {
  return reasons
    .map(reason => {
      const meaning = rules.find(rule => rule.reason === reason)?.meaning
      return meaning === undefined ? reason : `${reason}: ${meaning}`
    })
    .join('; ')
}

function namespaceOf(value: JsonObject): string | undefined {
  const namespace = valueAt(value, ['metadata', 'namespace'])
  return typeof namespace === 'string' && namespace !== '' ? namespace : undefined
}

function asks(value: JsonObject): boolean {
  const annotations = valueAt(value, ['metadata', 'annotations'])
  return isObject(annotations) && annotationKeys.some(key => annotations[key] !== undefined)
}

function asJson(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}
