import type {
  AdmissionRequest,
  AdmissionResponse,
  ReviewAnswer,
  ReviewQuestion,
} from '#kube/admission-review.ts'
import { readPod } from '#kube/pod.ts'
import { ShapeError } from '#kube/shape.ts'
import { isWorkloadKind, readWorkload } from '#kube/workload.ts'
import { NsmError } from '#sdk/errors.ts'
import { type PatchResult, patchPod } from './patch.ts'
import type { PatchSettings } from './settings.ts'
import { patchWorkload } from './workload.ts'

/**
 * Answers an admission review. A mistake of the user is a decision (`allowed: false`, with the reason); anything else
 * that is thrown is our defect, passes through, and leaves the decision to the webhook's failurePolicy.
 */
export function review({ apiVersion, request }: ReviewQuestion, settings: PatchSettings): ReviewAnswer {
  const answer = (response: AdmissionResponse): ReviewAnswer => ({
    apiVersion,
    kind: 'AdmissionReview',
    response,
  })
  try {
    return answer(allowed(request.uid, patchObject(request, settings)))
  } catch (thrown) {
    const refusal =
      thrown instanceof ShapeError ? new NsmError('BAD_INPUT', thrown.message, { cause: thrown }) : thrown
    if (!(refusal instanceof NsmError) || refusal.code === 'INTERNAL') throw thrown
    return answer(refused(request.uid, refusal))
  }
}

function patchObject(
  { kind: { kind }, operation, namespace, object, oldObject }: AdmissionRequest,
  settings: PatchSettings,
): PatchResult {
  if (kind === 'Pod' && operation === 'CREATE') return patchPod(readPod(object), settings, namespace)
  if (!isWorkloadKind(kind) || !['CREATE', 'UPDATE'].includes(operation)) {
    return { patch: [], reasons: [`not-our-kind: ${operation} ${kind}`], warnings: [] }
  }
  if (settings.ignoredNamespaces.includes(namespace ?? ''))
    return { patch: [], reasons: ['ignored-namespace'], warnings: [] }
  const old =
    oldObject === undefined || oldObject === null ? {} : { oldObject: readWorkload(kind, oldObject) }
  return patchWorkload({ kind, object: readWorkload(kind, object), ...old })
}

function allowed(uid: string, { patch, reasons, warnings }: PatchResult): AdmissionResponse {
  const change =
    patch.length === 0
      ? {}
      : { patchType: 'JSONPatch' as const, patch: Buffer.from(JSON.stringify(patch)).toString('base64') }
  const said = warnings.length === 0 ? {} : { warnings }
  return {
    uid,
    allowed: true,
    ...change,
    ...said,
    auditAnnotations: { decision: reasons.length === 0 ? 'changed' : reasons.join(', ') },
  }
}

function refused(uid: string, error: NsmError): AdmissionResponse {
  const message = `${error.message} (docs/errors.md#${error.code.toLowerCase()})`
  return {
    uid,
    allowed: false,
    status: { code: 400, reason: 'BadRequest', message },
    auditAnnotations: { decision: `refused: ${error.code}` },
  }
}
