import { annotationsOf } from '#kube/meta.ts'
import { annotationKeys } from '#sdk/service-ref.ts'
import { inheritLabel } from '#webhook/names.ts'
import type { Check, Finding } from './check.ts'
import type { Stored } from './objects.ts'
import { quoted } from './templates.ts'

/** Whether the label by which the API server selects inheriting namespaces is where the annotation is. */
export const namespaceLabels: Check = {
  id: 'namespace-labels',
  what: 'exactly the namespaces with an annotation carry the label by which their pods inherit it',
  find: async facts => {
    const [namespaces, scope] = await Promise.all([facts.namespaces(), facts.scope()])
    return judgeNamespaceLabels(namespaces.filter(({ metadata }) => scope.includes(metadata?.name ?? '')))
  },
}

/** Judges annotations and labels of namespaces. */
export function judgeNamespaceLabels(namespaces: readonly Stored[]): readonly Finding[] {
  return namespaces.flatMap(namespace => {
    const { name = '', labels } = namespace.metadata ?? {}
    const annotations = annotationsOf(namespace)
    const key = annotationKeys.find(candidate => annotations[candidate] !== undefined)
    const labelled = labels?.[inheritLabel] === 'true'
    if (labelled === (key !== undefined)) return []
    const object = `Namespace ${name}`
    return key === undefined
      ? {
          severity: 'warning',
          object,
          finding: `carries the label ${inheritLabel} but no annotation: its pods go through the webhook for nothing`,
          remedy: `kubectl label namespace ${name} ${inheritLabel}-`,
        }
      : {
          severity: 'warning',
          object,
          finding: `carries the annotation ${key} but not the label ${inheritLabel}: its pods do not inherit it; likely the annotation is older than the webhook`,
          remedy: `kubectl annotate --overwrite namespace ${name} ${quoted(`${key}=${annotations[key] ?? ''}`)}`,
        }
  })
}
