import { isObject, objectAt, ShapeError } from './shape.ts'

/** What the API server asks: admission.k8s.io AdmissionRequest, the fields that we read. */
export interface AdmissionRequest {
  readonly uid: string
  readonly kind: { readonly group?: string; readonly version?: string; readonly kind: string }
  readonly operation: string
  readonly name?: string
  readonly namespace?: string
  /** As `status` or `ephemeralcontainers`; empty for the object itself. */
  readonly subResource?: string
  /** Whether nothing of it may have an effect (`kubectl --dry-run=server`). */
  readonly dryRun?: boolean
  /** Absent on DELETE. */
  readonly object?: unknown
  /** Present on UPDATE and DELETE. */
  readonly oldObject?: unknown
}

/** What we answer: admission.k8s.io AdmissionResponse. `patch` and `patchType` travel together or not at all. */
export interface AdmissionResponse {
  readonly uid: string
  readonly allowed: boolean
  readonly patchType?: 'JSONPatch'
  /** The JSON Patch, base64. */
  readonly patch?: string
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string }
  /** Shown to the user by kubectl. */
  readonly warnings?: readonly string[]
  /** Written to the audit log; the API server prefixes the keys with the webhook's name. */
  readonly auditAnnotations?: Readonly<Record<string, string>>
}

/** The versions of AdmissionReview that are served; the answer is of the version of the question. */
const reviewVersions = ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'] as const

/** A question in its envelope. */
export interface ReviewQuestion {
  readonly apiVersion: (typeof reviewVersions)[number]
  readonly request: AdmissionRequest
}

/** An answer in its envelope. */
export interface ReviewAnswer {
  readonly apiVersion: (typeof reviewVersions)[number]
  readonly kind: 'AdmissionReview'
  readonly response: AdmissionResponse
}

/** Reads the envelope of an AdmissionReview. Throws ShapeError naming what is missing. */
export function readReview(json: unknown): ReviewQuestion {
  const review = objectAt(json, 'AdmissionReview')
  const apiVersion = reviewVersions.find(version => version === review['apiVersion'])
  if (apiVersion === undefined || review['kind'] !== 'AdmissionReview') {
    const found = JSON.stringify([review['apiVersion'], review['kind']])
    throw new ShapeError(
      `[apiVersion, kind] is ${found}, expected AdmissionReview of ${reviewVersions.join(' or ')}`,
    )
  }
  const request = objectAt(review['request'], 'AdmissionReview /request')
  if (!isRequest(request)) {
    throw new ShapeError('AdmissionReview /request: uid, operation and kind.kind are required')
  }
  return { apiVersion, request }
}

function isRequest(request: unknown): request is AdmissionRequest {
  return (
    isObject(request) &&
    typeof request['uid'] === 'string' &&
    request['uid'] !== '' &&
    typeof request['operation'] === 'string' &&
    (request['namespace'] === undefined || typeof request['namespace'] === 'string') &&
    isObject(request['kind']) &&
    typeof request['kind']['kind'] === 'string'
  )
}
