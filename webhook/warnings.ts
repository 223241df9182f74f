import { annotationsOf } from '#kube/meta.ts'
import { isGuaranteedByContainers, type Pod } from '#kube/pod.ts'
import { parseAnnotations } from '#sdk/service-ref.ts'
import { keepsGuaranteed } from './container/resources.ts'
import type { Injection } from './injection.ts'
import { initContainerName, injectAnnotation, socketResource } from './names.ts'
import { unknownAnnotations } from './overrides.ts'
import type { AskedFor } from './rules.ts'

/**
 * Sentences about what is legal but probably not meant. `pod` has nothing of ours in it; `injection` is what it gets, if
 * it gets something.
 */
export function warningsAbout(
  pod: Pod,
  asked: AskedFor | undefined,
  injection?: Injection,
): readonly string[] {
  const annotations = annotationsOf(pod)
  const idle = asked === undefined && annotations[injectAnnotation] === 'true'
  // The API server passes on 4 KiB of them in all, so the weightiest come first.
  return [
    ...(injection === undefined ? [] : warningsAboutInjection(pod, injection)),
    ...(idle
      ? [`annotation ${injectAnnotation} is "true", but neither the pod nor its namespace names a service`]
      : []),
    ...misspelt(annotations),
    ...unknownAnnotations(annotations),
  ]
}

function warningsAboutInjection(pod: Pod, { container, list }: Injection): readonly string[] {
  const { name = '', resources } = container
  const annotations = annotationsOf(pod)
  const askers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
    .filter(other => other.resources?.limits?.[socketResource] !== undefined)
    .map(other => other.name ?? '')
  const cases = [
    {
      holds: askers.length > 0,
      says: `${askers.join(', ')} asks for ${socketResource} too: kubelet may fail such a pod when it restarts; ${name} alone needs it`,
    },
    {
      // The cheap half first: most containers request nothing.
      holds: !keepsGuaranteed(resources ?? {}) && isGuaranteedByContainers(pod),
      says: 'the pod is of class Guaranteed, and with these requests of the injected container it is Burstable',
    },
    {
      holds: annotations['networkservicemesh.io/mode'] === 'sidecar' && name === initContainerName,
      says: 'the pod is meant to end and this cluster has no native side-cars, so it gets an init container instead of a side-car',
    },
    {
      holds: list === 'containers' && annotations['networkservicemesh.io/init-position'] !== undefined,
      says: `annotation networkservicemesh.io/init-position has no effect: this cluster has no native side-cars, so ${name} is an ordinary container`,
    },
  ]
  return cases.filter(({ holds }) => holds).map(({ says }) => says)
}

/** What the parser says of keys in another case; of the others the mistakes are told elsewhere. */
function misspelt(annotations: Readonly<Record<string, string>>): readonly string[] {
  const keys = Object.keys(annotations).filter(key => key !== key.toLowerCase())
  return keys.length === 0 ? [] : parseAnnotations(Object.fromEntries(keys.map(key => [key, '']))).warnings
}
