import { isObject, type JsonObject } from '#kube/shape.ts'

/** What the manager remembers of a pod of its node; the rest of its object is let go. */
export interface KubePod {
  readonly uid: string
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly serviceAccount: string
  readonly hostNetwork: boolean
  /** It is being deleted. */
  readonly isLeaving: boolean
  /** Its containers have ended for good: its phase is Succeeded or Failed. */
  readonly hasEnded: boolean
}

/** Reads a pod of the API server; what is missing is empty. */
export function readKubePod(object: JsonObject): KubePod {
  const [metadata, spec, status] = ['metadata', 'spec', 'status'].map(key => objectIn(object[key]))
  const phase = status?.['phase']
  return {
    uid: textOf(metadata?.['uid']),
    name: textOf(metadata?.['name']),
    namespace: textOf(metadata?.['namespace']),
    labels: textsOf(metadata?.['labels']),
    serviceAccount: textOf(spec?.['serviceAccountName']),
    hostNetwork: spec?.['hostNetwork'] === true,
    isLeaving: metadata?.['deletionTimestamp'] !== undefined,
    hasEnded: phase === 'Succeeded' || phase === 'Failed',
  }
}

function objectIn(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(objectIn(value)).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : [])),
  )
}
