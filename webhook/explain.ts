import type { Pod } from '#kube/pod.ts'
import { NsmError } from '#sdk/errors.ts'
import { type PatchResult, patchPod } from './patch.ts'
import { type PatchContext, rules, subjectOf } from './rules.ts'

/** One rule as it applies to a pod. */
export interface Explained {
  readonly rule: string
  /** In words, behind "because". */
  readonly meaning: string
  readonly state: 'holds' | 'does not hold'
}

/** Why a pod is injected, left alone or refused. */
export interface Explanation {
  readonly askedBy: 'pod' | 'namespace' | undefined
  /** The services' annotations that count. */
  readonly annotations: Readonly<Record<string, string>>
  readonly rules: readonly Explained[]
  /** What `patchPod` makes of it, or the refusal. */
  readonly result: PatchResult | NsmError
}

/** Judges every rule of `decide` for a pod, also those after the one that decides. */
export function explainPod(pod: Pod, context: PatchContext): Explanation {
  const subject = subjectOf(pod, context)
  return {
    askedBy: subject.asked?.by,
    annotations: subject.asked?.annotations ?? {},
    rules: rules.map(({ reason, meaning, holds }) => ({
      rule: reason,
      meaning,
      state: holds(subject) ? 'holds' : 'does not hold',
    })),
    result: attempt(() => patchPod(pod, context)),
  }
}

function attempt(patch: () => PatchResult): PatchResult | NsmError {
  try {
    return patch()
  } catch (thrown) {
    return NsmError.from(thrown)
  }
}
