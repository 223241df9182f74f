import type {
  AdmissionRequest,
  AdmissionResponse,
  ReviewAnswer,
  ReviewQuestion,
} from '#kube/admission-review.ts'
import { checkMeta, controllerOf, describeObject, type KubeObject, type OwnerReference } from '#kube/meta.ts'
import { readPod } from '#kube/pod.ts'
import { objectAt, ShapeError } from '#kube/shape.ts'
import { isWorkloadKind, readWorkload } from '#kube/workload.ts'
import { NsmError } from '#sdk/errors.ts'
import { patchNamespace } from './namespace.ts'
import { type PatchResult, patchPod } from './patch.ts'
import type { PatchSettings } from './settings.ts'
import { patchWorkload } from './workload.ts'

/** What a review depends on besides the question. */
export interface ReviewContext {
  readonly settings: PatchSettings
  /** Our annotations of the pod's namespace; given only where its pods inherit them. */
  readonly inherited?: Readonly<Record<string, string>>
}

/** What became of a question; for the log, the metrics and the Event. */
export interface Outcome {
  /** `injected`: a pod got its container; `changed`: a workload or a namespace was changed. */
  readonly result: 'injected' | 'changed' | 'skipped' | 'denied'
  /** In words of a bounded set: reasons of `rules`, or the code of the refusal. */
  readonly reasons: readonly string[]
  /** How many operations the patch has. */
  readonly operations: number
  /** What it is about, as `Pod default/web-*`. */
  readonly object: string
  /** The controller that made the object. */
  readonly owner?: OwnerReference
  /** What the user is told: the refusal, or what was injected. */
  readonly message?: string
}

/** An answer and what became of the question. */
export interface Reviewed {
  readonly answer: ReviewAnswer
  readonly outcome: Outcome
}

/**
 * Answers an admission review. A mistake of the user is a decision (`allowed: false`, with the reason); anything else
 * that is thrown is our defect, passes through, and leaves the decision to the webhook's failurePolicy.
 */
export function review({ apiVersion, request }: ReviewQuestion, context: ReviewContext): Reviewed {
  const about = describe(request)
  const answer = (response: AdmissionResponse): ReviewAnswer => ({
    apiVersion,
    kind: 'AdmissionReview',
    response,
  })
  try {
    const result = patchObject(request, context)
    return {
      answer: answer(allowed(request.uid, result)),
      outcome: { ...about, ...outcomeOf(request, result) },
    }
  } catch (thrown) {
    const refusal =
      thrown instanceof ShapeError ? new NsmError('BAD_INPUT', thrown.message, { cause: thrown }) : thrown
    if (!(refusal instanceof NsmError) || refusal.code === 'INTERNAL') throw thrown
    const response = refused(request.uid, refusal, context.settings.docs)
    const denied = {
      result: 'denied',
      reasons: [refusal.code],
      operations: 0,
      message: refusal.message,
    } as const
    return { answer: answer(response), outcome: { ...about, ...denied } }
  }
}

/** The kinds that are looked at, and their API groups. */
const groups: ReadonlyMap<string, string> = new Map([
  ['Pod', ''],
  ['Namespace', ''],
  ['Deployment', 'apps'],
  ['StatefulSet', 'apps'],
  ['DaemonSet', 'apps'],
  ['ReplicaSet', 'apps'],
  ['Job', 'batch'],
  ['CronJob', 'batch'],
])

/** How many reasons of `not-our-kind` there can be is not ours to decide, so the kind is told only to the audit log. */
const notOurs = 'not-our-kind'

function patchObject(request: AdmissionRequest, { settings, inherited }: ReviewContext): PatchResult {
  const { operation, namespace, object, oldObject } = request
  const { kind } = request.kind
  const group = groups.get(kind)
  if ((request.subResource ?? '') !== '' || group === undefined || (request.kind.group ?? group) !== group)
    return { patch: [], reasons: [notOurs], warnings: [] }
  if (kind === 'Pod' && operation === 'CREATE')
    return patchPod(readPod(object), {
      settings,
      ...(namespace === undefined ? {} : { namespace }),
      ...(inherited === undefined ? {} : { inherited }),
    })
  if (!['CREATE', 'UPDATE'].includes(operation)) return { patch: [], reasons: [notOurs], warnings: [] }
  const before = oldObject ?? undefined
  if (kind === 'Namespace') {
    const old = before === undefined ? {} : { oldObject: readNamespace(before) }
    return patchNamespace({ object: readNamespace(object), ...old }, settings)
  }
  if (!isWorkloadKind(kind)) return { patch: [], reasons: [notOurs], warnings: [] }
  if (settings.ignoredNamespaces.includes(namespace ?? ''))
    return { patch: [], reasons: ['ignored-namespace'], warnings: [] }
  const old = before === undefined ? {} : { oldObject: readWorkload(kind, before) }
  return patchWorkload({ kind, object: readWorkload(kind, object), ...old })
}

function readNamespace(json: unknown): KubeObject {
  const namespace = objectAt(json, 'Namespace')
  checkMeta(namespace, 'Namespace')
  return namespace
}

function allowed(uid: string, { patch, reasons, warnings, services }: PatchResult): AdmissionResponse {
  const change =
    patch.length === 0
      ? {}
      : { patchType: 'JSONPatch' as const, patch: Buffer.from(JSON.stringify(patch)).toString('base64') }
  const said = warnings.length === 0 ? {} : { warnings: warnings.map(shortened) }
  const asked = services === undefined ? {} : { services: services.slice(0, 1024) }
  return {
    uid,
    allowed: true,
    ...change,
    ...said,
    auditAnnotations: { decision: reasons.join(', '), ...asked },
  }
}

function refused(uid: string, error: NsmError, docs: string): AdmissionResponse {
  const message = `${error.message} (${docs}#${error.code.toLowerCase()})`
  return {
    uid,
    allowed: false,
    status: { code: 400, reason: 'BadRequest', message },
    auditAnnotations: { decision: `refused: ${error.code}` },
  }
}

/** The API server passes on warnings up to 256 characters and 4 KiB in all. */
function shortened(warning: string): string {
  return warning.length > 256 ? `${warning.slice(0, 255)}…` : warning
}

function outcomeOf(request: AdmissionRequest, result: PatchResult): Omit<Outcome, 'object' | 'owner'> {
  const { reasons, warnings, services } = result
  const operations = result.patch.length
  const changed = request.kind.kind === 'Pod' ? 'injected' : 'changed'
  const said = services ?? warnings[0]
  return {
    result: operations === 0 ? 'skipped' : changed,
    reasons,
    operations,
    ...(said === undefined ? {} : { message: said }),
  }
}

/** What can be said of an object of which nothing is known to be well formed. */
function describe({
  kind: { kind },
  name,
  namespace,
  object,
}: AdmissionRequest): Pick<Outcome, 'object' | 'owner'> {
  try {
    const json = objectAt(object, kind)
    checkMeta(json, kind)
    const subject: KubeObject = json
    const known = {
      ...(name === undefined || name === '' ? {} : { name }),
      // A namespace is in no namespace, though its request names itself as one.
      ...(kind === 'Namespace' || namespace === undefined ? {} : { namespace }),
    }
    const owner = controllerOf(subject)
    return {
      object: describeObject({ metadata: { ...subject.metadata, ...known } }, kind),
      ...(owner === undefined ? {} : { owner }),
    }
  } catch {
    // The review itself says what is wrong with it.
    return { object: [kind, name].filter(part => part !== undefined && part !== '').join(' ') }
  }
}
