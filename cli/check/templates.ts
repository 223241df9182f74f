import { annotationsOf, controllerOf, describeObject } from '#kube/meta.ts'
import { podTemplateOf } from '#kube/workload.ts'
import { annotationKeys } from '#sdk/service-ref.ts'
import type { Check, Finding } from './check.ts'
import type { KindOfWorkload } from './objects.ts'

/** Whether pod templates follow the annotations of their workloads. */
export const templates: Check = {
  id: 'workload-templates',
  what: 'the pod template of each annotated workload follows its annotation',
  find: async facts => judgeTemplates(await facts.workloads()),
}

/** Judges workloads that no controller made; those of a controller follow it. */
export function judgeTemplates(workloads: readonly KindOfWorkload[]): readonly Finding[] {
  return workloads
    .filter(({ object }) => controllerOf(object) === undefined)
    .flatMap(workload => annotationKeys.flatMap(key => judgeOne(workload, key)))
}

function judgeOne({ kind, object }: KindOfWorkload, key: string): readonly Finding[] {
  const own = annotationsOf(object)[key]
  const copy = annotationsOf(podTemplateOf(kind, object))[key]
  if (own === undefined || own === copy) return []
  const described = describeObject(object, kind)
  const { name = '', namespace = 'default' } = object.metadata ?? {}
  if (copy !== undefined)
    return [
      {
        severity: 'note',
        object: described,
        finding: `annotation ${key} is ${JSON.stringify(own)}, but its pod template says ${JSON.stringify(copy)}, which is used`,
        remedy: 'make the two equal, or remove one',
      },
    ]
  return [
    {
      severity: 'warning',
      object: described,
      finding: `annotation ${key} is not in its pod template, so its pods do not ask for anything; likely it is older than the webhook`,
      remedy:
        kind === 'Job'
          ? 'make the Job anew: its template cannot change'
          : `kubectl -n ${namespace} annotate --overwrite ${kind.toLowerCase()} ${name} ${quoted(`${key}=${own}`)}`,
    },
  ]
}

/** For a shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
