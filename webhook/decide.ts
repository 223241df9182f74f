import { annotationsOf, describeObject } from '#kube/meta.ts'
import type { Container, Pod } from '#kube/pod.ts'
import { NsmError } from '#sdk/errors.ts'
import { annotationKeys, parseAnnotations, printServiceRefs } from '#sdk/service-ref.ts'
import { isCurrent } from './init-container.ts'
import { initContainerName } from './names.ts'
import { type Obstacle, obstaclesOf } from './obstacles.ts'
import type { PatchSettings } from './settings.ts'
import { statusOf } from './status.ts'

/** Why a pod is left as it is; for logs, metrics and the audit annotation. */
type SkipReason = 'no-annotation' | Obstacle['reason'] | 'already-injected'

/** Whether a pod gets the init container. */
export type Decision =
  | {
      readonly inject: true
      /** The services in the canonical form of the annotation. */
      readonly services: string
      /** Where an outdated container of ours is, to be rendered anew. */
      readonly outdated?: number
      readonly warnings: readonly string[]
    }
  | { readonly inject: false; readonly reasons: readonly SkipReason[]; readonly warnings: readonly string[] }

/**
 * Decides about one pod.
 *
 * | annotation | namespace | pod                             | its `nsm-init`  | decision                         |
 * |------------|-----------|---------------------------------|-----------------|----------------------------------|
 * | none       | any       | any                             | any             | no-annotation                    |
 * | yes        | ignored   | any                             | any             | ignored-namespace                |
 * | yes        | other     | mirror pod of a static pod      | any             | mirror-pod                       |
 * | yes        | other     | inject: "false"                 | any             | opted-out                        |
 * | yes        | other     | inject: neither true nor false  | any             | refused, BAD_ANNOTATION          |
 * | yes        | other     | hostNetwork                     | any             | host-network, with a warning     |
 * | yes        | other     | os: windows                     | any             | windows-pod, with a warning      |
 * | malformed  | other     | ordinary                        | any             | refused, BAD_ANNOTATION          |
 * | yes        | other     | ordinary                        | none            | inject                           |
 * | yes        | other     | ordinary                        | ours, as wanted | already-injected                 |
 * | yes        | other     | ordinary                        | ours, outdated  | inject again, in its place       |
 * | yes        | other     | ordinary                        | somebody else's | refused, ALREADY_EXISTS          |
 *
 * A container is ours when the status annotation lists it. That is anybody's to write, so a container that does not
 * ask for the services of the annotation is rendered anew.
 */
export function decide(pod: Pod, namespace: string, settings: PatchSettings): Decision {
  const annotations = annotationsOf(pod)
  if (!annotationKeys.some(key => annotations[key] !== undefined)) {
    return { inject: false, reasons: ['no-annotation'], warnings: parseAnnotations(annotations).warnings }
  }
  const obstacles = obstaclesOf(pod, namespace, settings)
  if (obstacles.length > 0) {
    return {
      inject: false,
      reasons: obstacles.map(({ reason }) => reason),
      warnings: obstacles.flatMap(({ warning }) => warning ?? []),
    }
  }
  const { refs, warnings } = parseAnnotations(annotations)
  const services = printServiceRefs(refs)
  const found = findOwn(pod)
  if (found === undefined) return { inject: true, services, warnings }
  const current = isCurrent(found.container, services) && statusOf(pod)?.image === settings.image
  return current
    ? { inject: false, reasons: ['already-injected'], warnings }
    : { inject: true, services, outdated: found.index, warnings }
}

/** Finds the container of an earlier pass. Throws ALREADY_EXISTS when the user has one of that name. */
function findOwn(pod: Pod): { readonly index: number; readonly container: Container } | undefined {
  const initContainers = pod.spec?.initContainers ?? []
  const index = initContainers.findIndex(({ name }) => name === initContainerName)
  const taken = index !== -1 || (pod.spec?.containers ?? []).some(({ name }) => name === initContainerName)
  if (!taken) return undefined
  const container = initContainers[index]
  if (container === undefined || statusOf(pod)?.initContainers.includes(initContainerName) !== true) {
    throw new NsmError(
      'ALREADY_EXISTS',
      `${describeObject(pod, 'Pod')} has a container ${initContainerName} of its own, and its annotation asks to inject one: remove the container or the annotation`,
    )
  }
  return { index, container }
}
