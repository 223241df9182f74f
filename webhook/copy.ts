import { annotationsOf } from '#kube/meta.ts'
import { podTemplateOf, type Workload, type WorkloadKind } from '#kube/workload.ts'

/** A workload as it shall be and, on UPDATE, as it was. */
export interface WorkloadChange {
  readonly kind: WorkloadKind
  readonly object: Workload
  readonly oldObject?: Workload
}

/** One annotation of a workload and of its pod template, before and now; undefined where it is absent. */
export interface CopyInputs {
  readonly before: string | undefined
  readonly now: string | undefined
  readonly templateBefore: string | undefined
  readonly template: string | undefined
}

/** What to do to the pod template's annotation. */
export interface Copy {
  readonly write?: string
  readonly remove?: true
  readonly warn?: string
}

/**
 * Decides what the pod template's copy of an annotation becomes. `before` and `now` are the workload's own.
 *
 * | workload            | pod template                    | copy                                                  |
 * |---------------------|---------------------------------|-------------------------------------------------------|
 * | never had it        | any                             | nothing                                               |
 * | has it              | equal                           | nothing                                               |
 * | has it              | absent                          | written                                               |
 * | new or changed      | another, not of this request    | written                                               |
 * | new or changed      | another, of this request        | the template's stays, with a warning                  |
 * | unchanged           | another (an undone rollout)     | the template's stays, with a warning                  |
 * | had it, lost it     | equal to what the workload had  | removed                                               |
 * | had it, lost it     | another or absent               | nothing                                               |
 */
export function decideCopy({ before, now, templateBefore, template }: CopyInputs): Copy {
  if (now === undefined) return before !== undefined && template === before ? { remove: true } : {}
  if (template === now) return {}
  if (template === undefined) return { write: now }
  const follows = now !== before && template === templateBefore
  return follows
    ? { write: now }
    : { warn: `the pod template has its own value ${JSON.stringify(template)}, which is used` }
}

/** Reads the inputs of `decideCopy` for one annotation. */
export function copyInputs({ kind, object, oldObject }: WorkloadChange, key: string): CopyInputs {
  return {
    before: annotationsOf(oldObject)[key],
    now: annotationsOf(object)[key],
    templateBefore: oldObject === undefined ? undefined : annotationsOf(podTemplateOf(kind, oldObject))[key],
    template: annotationsOf(podTemplateOf(kind, object))[key],
  }
}
