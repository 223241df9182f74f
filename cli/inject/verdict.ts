import { isObject, type JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'
import type { FoundObject } from './pod-places.ts'

/** What became of one object, and why. */
export interface Verdict {
  /** `deployment/web`. */
  readonly object: string
  readonly state: 'injected' | 'uninjected' | 'skipped' | 'refused' | 'unchanged'
  /** Machine-readable: those of the webhook, `other-kind`, `no-pod-template`, `not-injected`. */
  readonly reasons: readonly string[]
  /** The same in words. */
  readonly says: string
  readonly warnings: readonly string[]
  /** The services that its pods get, when injected. */
  readonly services?: string
  /** The object afterwards. */
  readonly after: JsonObject
}

/** Judges one object. */
export type Judge = (found: FoundObject) => Verdict

/** `deployment/web`; `pod/web-*` when only a prefix of the name is known. */
export function nameOf({ kind, value }: FoundObject): string {
  const metadata = isObject(value['metadata']) ? value['metadata'] : {}
  const { name, generateName } = metadata
  const prefix = typeof generateName === 'string' ? `${generateName}*` : '?'
  return `${kind === '' ? 'object' : kind.toLowerCase()}/${typeof name === 'string' ? name : prefix}`
}

/** The verdict on an object that stays as it is. */
export function unchanged(found: FoundObject, reason: string, says: string): Verdict {
  return {
    object: nameOf(found),
    state: 'unchanged',
    reasons: [reason],
    says,
    warnings: [],
    after: found.value,
  }
}

/** The verdict on an object that must not get into a cluster as it is. */
export function refused(found: FoundObject, thrown: unknown): Verdict {
  const error = NsmError.from(thrown, 'BAD_INPUT')
  return {
    object: nameOf(found),
    state: 'refused',
    reasons: [error.code],
    says: error.message,
    warnings: [],
    after: found.value,
  }
}
