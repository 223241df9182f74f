import { annotationsOf } from '#kube/meta.ts'
import type { Pod } from '#kube/pod.ts'
import { decide } from './decide.ts'
import type { Injection } from './injection.ts'
import { addEntries, type Gap, gapIn, type Operation, pointer } from './json-patch.ts'
import { defaultContainerAnnotation, servicesVariable, statusAnnotation } from './names.ts'
import type { PatchContext } from './rules.ts'
import { type InjectionStatus, isPlace, printStatus } from './status.ts'

/** What becomes of an object: a patch (empty when it stays as it is), why, and what to tell its owner. */
export interface PatchResult {
  readonly patch: readonly Operation[]
  /** Why it stays as it is, or in one word what is done. */
  readonly reasons: readonly string[]
  readonly warnings: readonly string[]
  /** The services that an injected pod gets, in the canonical form of the annotation. */
  readonly services?: string
}

/**
 * Hop 2: the JSON Patch that puts our container into a pod. A second pass over the patched pod gives an empty patch; a
 * pass with other settings takes the earlier work out first; `unpatchPod` gives the pod back as it was. Throws NsmError
 * BAD_ANNOTATION or ALREADY_EXISTS when the pod must be refused.
 */
export function patchPod(pod: Pod, context: PatchContext): PatchResult {
  const decision = decide(pod, context)
  if (!decision.inject) return { patch: [], reasons: decision.reasons, warnings: decision.warnings }
  const { earlier, injection, warnings } = decision
  const services = injection.container.env?.find(({ name }) => name === servicesVariable)?.value
  return {
    patch: [...earlier.patch, ...injectionPatch(earlier.pod, injection)],
    reasons: [reasonOf(decision.pass, decision.askedBy)],
    warnings,
    ...(services === undefined ? {} : { services }),
  }
}

function reasonOf(pass: 'first' | 'again', by: 'pod' | 'namespace'): string {
  if (pass === 'again') return 'injected-again'
  return by === 'pod' ? 'injected' : 'injected-inherited'
}

/** The operations for a pod that has nothing of ours. */
function injectionPatch(pod: Pod, injection: Injection): readonly Operation[] {
  const { container, digest, list } = injection
  const gaps = [gapIn(pod, ['spec', list]), gapIn(pod, ['metadata', 'annotations'])].filter(
    gap => gap !== undefined,
  )
  const first = pod.spec?.containers?.[0]?.name
  const defaults =
    first === undefined || annotationsOf(pod)[defaultContainerAnnotation] !== undefined
      ? {}
      : { [defaultContainerAnnotation]: first }
  const status: InjectionStatus = {
    image: container.image ?? '',
    digest,
    initContainers: list === 'initContainers' ? [container.name ?? ''] : [],
    containers: list === 'containers' ? [container.name ?? ''] : [],
    annotations: defaults,
    made: placesThat(gaps, 'absent'),
    replaced: Object.fromEntries(placesThat(gaps, 'null').map(place => [place, null])),
  }
  return [
    placeContainer(pod, injection),
    ...addEntries(pod, ['metadata', 'annotations'], { ...defaults, [statusAnnotation]: printStatus(status) }),
  ]
}

function placeContainer(pod: Pod, { container, list, index }: Injection): Operation {
  const none = (pod.spec?.[list] ?? undefined) === undefined
  return none
    ? { op: 'add', path: pointer('spec', list), value: [container] }
    : { op: 'add', path: pointer('spec', list, index), value: container }
}

function placesThat(gaps: readonly Gap[], was: Gap['was']) {
  return gaps.filter(gap => gap.was === was).flatMap(({ path }) => (isPlace(path) ? [path] : []))
}
