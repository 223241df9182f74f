import { isInjected } from '#cli/check/is-injected.ts'
import { annotationsOf, checkMeta } from '#kube/meta.ts'
import { NsmError } from '#sdk/errors.ts'
import { type Explained, explainPod } from '#webhook/explain.ts'
import type { PatchResult } from '#webhook/patch.ts'
import { type Entry, entriesFor } from './entries.ts'
import { type InjectContext, type PodWithin, podWithin, withoutPod } from './inject-object.ts'
import type { FoundObject } from './pod-places.ts'
import { nameOf } from './verdict.ts'

/** Where an object was found: in a file, or in a cluster, where the past counts. */
export type Origin = 'file' | 'cluster'

/** What decides about the injection of an object, and what comes of it. */
export interface Explanation {
  readonly object: string
  readonly namespace: string
  /** Whose annotations name the services; absent when nobody's do. */
  readonly askedBy?: NonNullable<PodWithin['askedBy']>
  /** Those annotations. */
  readonly annotations: Readonly<Record<string, string>>
  /** Which entries of the webhook's configuration send the object when it is made. */
  readonly entries: readonly Entry[]
  readonly rules: readonly Explained[]
  /** `injected`: it is; `would be injected`: it is not yet. */
  readonly result: 'injected' | 'would be injected' | 'not injected' | 'refused'
  readonly says: string
  readonly services?: string
  readonly patch: PatchResult['patch']
  readonly warnings: readonly string[]
}

/** What is known besides the object. */
export interface ExplainContext extends InjectContext {
  readonly origin: Origin
  readonly labelsOf: (namespace: string) => Readonly<Record<string, string>>
  /** The entries that a cluster has, and what it does without their answer; absent when that is not known. */
  readonly installed?: ReadonlyMap<string, string>
}

/** Explains the injection of one object. Never throws for what the object says: a refusal is a result. */
export function explainObject(found: FoundObject, context: ExplainContext): Explanation {
  const nothing = { object: nameOf(found), annotations: {}, entries: [], rules: [], patch: [], warnings: [] }
  try {
    checkMeta(found.value, found.kind)
    const within = podWithin(found, context)
    if (within === undefined)
      return {
        ...nothing,
        namespace: context.namespace,
        result: 'not injected',
        says: withoutPod(found).says,
      }
    return explain(found, within, context)
  } catch (thrown) {
    const { message } = NsmError.from(thrown, 'BAD_INPUT')
    return { ...nothing, namespace: context.namespace, result: 'refused', says: message }
  }
}

function explain(found: FoundObject, within: PodWithin, context: ExplainContext): Explanation {
  const { pod, namespace, inherited, askedBy } = within
  const { rules, annotations, result } = explainPod(pod, {
    settings: context.settings,
    namespace,
    inherited,
  })
  const sent = entriesOf(found, within, context.labelsOf(namespace))
  const { installed } = context
  const entries =
    installed === undefined
      ? sent
      : sent.map(entry => ({ ...entry, installed: installed.get(entry.entry) ?? 'missing' }))
  const shared = {
    object: nameOf(found),
    namespace,
    annotations,
    entries,
    rules,
    ...(askedBy === undefined ? {} : { askedBy }),
  }
  if (result instanceof NsmError)
    return { ...shared, result: 'refused', says: result.message, patch: [], warnings: [] }
  return {
    ...shared,
    ...outcome(found, { within, result, rules, origin: context.origin, entries }),
    ...(result.services === undefined ? {} : { services: result.services }),
    patch: result.patch,
    warnings: result.warnings,
  }
}

/** The entries for an object and, when it makes pods, for those: with the annotation that they will have. */
function entriesOf(
  found: FoundObject,
  { pod, namespace, inherited, askedBy }: PodWithin,
  namespaceLabels: Readonly<Record<string, string>>,
): readonly Entry[] {
  const own = entriesFor({ kind: found.kind, object: found.value, namespace, namespaceLabels })
  if (found.kind === 'Pod') return own
  const copied = askedBy === 'workload' && own.some(({ sends }) => sends) ? inherited : {}
  const made = { metadata: { ...pod.metadata, annotations: { ...annotationsOf(pod), ...copied } } }
  return [...own, ...entriesFor({ kind: 'Pod', object: made, namespace, namespaceLabels })]
}

interface Judged {
  readonly within: PodWithin
  readonly result: PatchResult
  readonly rules: readonly Explained[]
  readonly entries: readonly Entry[]
  readonly origin: Origin
}

/** The result, and the one sentence that says why. */
function outcome(found: FoundObject, judged: Judged): Pick<Explanation, 'result' | 'says'> {
  const { within, result, rules, entries, origin } = judged
  const injected = isInjected(within.pod)
  if (injected && result.patch.length === 0 && result.reasons.includes('already-injected'))
    return { result: 'injected', says: 'as these settings want it' }
  if (injected)
    return {
      result: 'injected',
      says:
        result.patch.length > 0
          ? 'by other settings or another version'
          : `though a new one would not be: ${result.reasons.join(', ')}`,
    }
  if (result.patch.length === 0)
    return {
      result: 'not injected',
      says: rules
        .filter(({ rule }) => result.reasons.includes(rule))
        .map(({ rule, meaning }) => `${rule}: ${meaning}`)
        .join('; '),
    }
  if (origin === 'file' || found.kind !== 'Pod')
    return { result: 'would be injected', says: within.askedBy === 'workload' ? copied : '' }
  const sender = entries.find(({ sends }) => sends)
  if (sender === undefined)
    return { result: 'not injected', says: 'no entry of the webhook sends such a pod' }
  return {
    result: 'not injected',
    says:
      sender.installed === 'missing'
        ? `the cluster has no entry ${sender.entry} of the webhook: nsm check`
        : tooLate,
  }
}

const copied = 'the webhook copies the annotation into the pod template'

const tooLate =
  'no rule speaks against it: it was made before the annotation or the webhook was there, or while the webhook was down; delete it, and its controller makes a new one'
