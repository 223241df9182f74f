import { annotationsOf } from '#kube/meta.ts'
import { type Container, isGuaranteedByContainers, type Pod } from '#kube/pod.ts'
import { parseAnnotations } from '#sdk/service-ref.ts'
import { keepsGuaranteed } from './container/resources.ts'
import { initContainerName, injectAnnotation, ownNames, socketResource } from './names.ts'
import { unknownAnnotations } from './overrides.ts'
import type { AskedFor } from './rules.ts'

/** Sentences about what is legal but probably not meant. `container` is what the pod gets, if it gets one. */
export function warningsAbout(
  pod: Pod,
  asked: AskedFor | undefined,
  container?: Container,
): readonly string[] {
  const annotations = annotationsOf(pod)
  // The refs are of no interest here, and their mistakes are told elsewhere.
  const { warnings: misspelt } = parseAnnotations(withoutServices(annotations))
  const idle = asked === undefined && annotations[injectAnnotation] === 'true'
  return [
    ...misspelt,
    ...unknownAnnotations(annotations),
    ...(idle
      ? [`annotation ${injectAnnotation} is "true", but neither the pod nor its namespace names a service`]
      : []),
    ...(container === undefined ? [] : warningsAboutContainer(pod, container)),
  ]
}

function warningsAboutContainer(pod: Pod, container: Container): readonly string[] {
  const { name, resources } = container
  const others = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
    .filter(other => !ownNames.includes(other.name ?? ''))
    .filter(other => other.resources?.limits?.[socketResource] !== undefined)
    .map(other => other.name ?? '')
  const demoted = isGuaranteedByContainers(pod) && !keepsGuaranteed(resources ?? {})
  const ends = annotationsOf(pod)['networkservicemesh.io/mode'] === 'sidecar' && name === initContainerName
  return [
    ...(others.length === 0
      ? []
      : [
          `${others.join(', ')} asks for ${socketResource} too: kubelet may fail such a pod when it restarts; ${name ?? ''} alone needs it`,
        ]),
    ...(demoted
      ? ['the pod is of class Guaranteed, and with these requests of the injected container it is Burstable']
      : []),
    ...(ends
      ? [
          'the pod is meant to end and this cluster has no native side-cars, so it gets an init container instead of a side-car',
        ]
      : []),
  ]
}

function withoutServices(annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== key.toLowerCase()))
}
