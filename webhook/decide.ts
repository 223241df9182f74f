import { annotationsOf, describeObject } from '#kube/meta.ts'
import { everyContainerHas, isGuaranteedByContainers, type Pod } from '#kube/pod.ts'
import { NsmError } from '#sdk/errors.ts'
import { parseAnnotations, printServiceRefs } from '#sdk/service-ref.ts'
import { isIntact } from './container/covers.ts'
import type { Shape } from './container/render.ts'
import { rendered } from './container/rendered.ts'
import type { Amounts } from './container/resources.ts'
import type { Injection } from './injection.ts'
import { ownNames } from './names.ts'
import { type Overrides, readOverrides } from './overrides.ts'
import { indexOf } from './position.ts'
import { remembered } from './remember.ts'
import { type AskedFor, type PatchContext, rulesThatHold, type SkipReason, subjectOf } from './rules.ts'
import { type InjectionStatus, statusOf } from './status.ts'
import { type Unpatched, unpatchPod } from './unpatch.ts'
import { warningsAbout } from './warnings.ts'

/** Whether a pod gets the container. */
export type Decision =
  | {
      readonly inject: true
      /** `again`: what an earlier pass put there is outdated, and is taken out first. */
      readonly pass: 'first' | 'again'
      readonly askedBy: AskedFor['by']
      /** The pod without that earlier work, and the operations that take it out. */
      readonly earlier: Unpatched
      readonly injection: Injection
      readonly warnings: readonly string[]
    }
  | { readonly inject: false; readonly reasons: readonly SkipReason[]; readonly warnings: readonly string[] }

/**
 * Decides about one pod. Its services are those of its own annotation or, without one, those of its namespace.
 *
 * | asked by  | pod                                     | containers with our names   | decision                      |
 * |-----------|-----------------------------------------|-----------------------------|-------------------------------|
 * | nobody    | any                                     | any                         | no-annotation                 |
 * | any       | some of `rules` hold                    | any                         | those reasons, with warnings  |
 * | any       | a switch or an override has a bad value | any                         | refused, BAD_ANNOTATION       |
 * | any       | the list of services is malformed       | any                         | refused, BAD_ANNOTATION       |
 * | any       | ordinary                                | none                        | inject                        |
 * | any       | ordinary                                | in the status, as wanted    | already-injected              |
 * | any       | ordinary                                | in the status, outdated     | inject again                  |
 * | any       | ordinary                                | not in the status           | refused, ALREADY_EXISTS       |
 *
 * A container is ours when the status annotation lists it. That is anybody's to write, so a container that is not what
 * we would put there now is rendered anew, whatever the status says.
 */
export function decide(pod: Pod, context: PatchContext): Decision {
  const subject = subjectOf(pod, context)
  const held = rulesThatHold(subject)
  const { asked } = subject
  if (held.length > 0 || asked === undefined) {
    const told = held.flatMap(({ warning }) => warning ?? [])
    const reasons = held.map(({ reason }) => reason)
    return { inject: false, reasons, warnings: [...told, ...warningsAbout(pod, asked)] }
  }
  const status = statusOf(pod)
  const earlier = unpatchPod(pod)
  checkNames(earlier.pod)
  const overrides = readOverrides(annotationsOf(pod))
  const services = servicesOf(asked, subject.namespace)
  const injection = place(earlier.pod, { services, overrides, context })
  const warnings = warningsAbout(earlier.pod, asked, injection)
  if (status?.digest === injection.digest && isThere(pod, injection, status))
    return { inject: false, reasons: ['already-injected'], warnings }
  return {
    inject: true,
    pass: status === undefined ? 'first' : 'again',
    askedBy: asked.by,
    earlier,
    injection,
    warnings,
  }
}

/** The services in the canonical form of the annotation, of annotations as JSON. */
const canonical = remembered(text => printServiceRefs(parseAnnotations(JSON.parse(text)).refs))

function servicesOf({ by, annotations }: AskedFor, namespace: string): string {
  try {
    return canonical(JSON.stringify(annotations))
  } catch (thrown) {
    if (by === 'pod' || !(thrown instanceof NsmError)) throw thrown
    throw new NsmError(thrown.code, `inherited from Namespace ${namespace}: ${thrown.message}`, {
      cause: thrown,
    })
  }
}

function place(
  pod: Pod,
  inputs: { readonly services: string; readonly overrides: Overrides; readonly context: PatchContext },
): Injection {
  const { services, overrides, context } = inputs
  const { settings } = context
  const amounts = settings.limits === 'always' ? 'equal' : amountsOf(pod)
  const shape = shapeFor(pod, overrides.mode ?? settings.mode, settings.sidecars)
  const made = rendered(shape, { services, settings, overrides, amounts })
  // Kubelet starts containers in their order, so the one whose hook makes the others wait comes first.
  if (shape === 'sidecar-container') return { ...made, list: 'containers', index: 0 }
  const names = (pod.spec?.initContainers ?? []).map(({ name }) => name)
  const position = overrides['init-position'] ?? { at: 'first' }
  const index = indexOf(position, names)
  if (index !== undefined) return { ...made, list: 'initContainers', index }
  const wanted = 'name' in position ? position.name : ''
  throw new NsmError(
    'BAD_ANNOTATION',
    `annotation networkservicemesh.io/init-position names the init container ${JSON.stringify(wanted)}, which the pod does not have; it has ${names.join(', ') || 'none'}`,
  )
}

/** What all of the pod's containers state, ours must state as well: for the pod's QoS class, and for a quota that asks for it. */
function amountsOf(pod: Pod): Amounts {
  if (isGuaranteedByContainers(pod)) return 'equal'
  if (everyContainerHas(pod, 'limits')) return 'limits'
  return everyContainerHas(pod, 'requests') ? 'requests' : 'none'
}

/**
 * The shape of the container. A side-car that is an ordinary container would keep a pod that should end from ending, so
 * such a pod gets the init container.
 */
export function shapeFor(pod: Pod, mode: 'init' | 'sidecar', sidecars: 'native' | 'container'): Shape {
  if (mode === 'init') return 'init'
  if (sidecars === 'native') return 'native-sidecar'
  return (pod.spec?.restartPolicy ?? 'Always') === 'Always' ? 'sidecar-container' : 'init'
}

/** Whether the one container that an earlier pass put there is still what and where it should be. */
function isThere(pod: Pod, { container, list, index }: Injection, status: InjectionStatus): boolean {
  const ours = [...status.initContainers, ...status.containers]
  const found = pod.spec?.[list]?.[index]
  return ours.length === 1 && found !== undefined && found.name === ours[0] && isIntact(found, container)
}

/** Throws ALREADY_EXISTS when the user has a container with a name of ours. */
function checkNames(pod: Pod): void {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
  const taken = containers.find(({ name = '' }) => ownNames.includes(name))?.name
  if (taken === undefined) return
  throw new NsmError(
    'ALREADY_EXISTS',
    `${describeObject(pod, 'Pod')} has a container ${taken} of its own, and its annotation asks to inject one: remove the container or the annotation`,
  )
}
