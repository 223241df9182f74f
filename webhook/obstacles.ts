import { annotationsOf, describeObject } from '#kube/meta.ts'
import type { Pod } from '#kube/pod.ts'
import { NsmError } from '#sdk/errors.ts'
import { injectAnnotation } from './names.ts'
import type { PatchSettings } from './settings.ts'

/** Why an annotated pod cannot, or must not, be injected. */
export interface Obstacle {
  readonly reason: 'ignored-namespace' | 'mirror-pod' | 'opted-out' | 'host-network' | 'windows-pod'
  /** Said to the user where the annotation was probably meant to have an effect. */
  readonly warning?: string
}

/** All obstacles of a pod, so that its owner removes them in one go. Throws BAD_ANNOTATION for a switch of neither value. */
export function obstaclesOf(pod: Pod, namespace: string, settings: PatchSettings): readonly Obstacle[] {
  const ignored = settings.ignoredNamespaces.includes(namespace)
  const mirror = annotationsOf(pod)['kubernetes.io/config.mirror'] !== undefined
  const hostNetwork = pod.spec?.hostNetwork === true
  const windows = pod.spec?.os?.name === 'windows'
  return [
    ...(ignored ? [{ reason: 'ignored-namespace' } as const] : []),
    ...(mirror ? [{ reason: 'mirror-pod' } as const] : []),
    ...(isOptedOut(pod) ? [{ reason: 'opted-out' } as const] : []),
    ...(hostNetwork ? [{ reason: 'host-network', warning: onHostNetwork } as const] : []),
    ...(windows ? [{ reason: 'windows-pod', warning: onWindows } as const] : []),
  ]
}

const onHostNetwork =
  'the pod asks for network services but has hostNetwork: true, so it has no interfaces of its own and gets none'

const onWindows = 'the pod asks for network services but runs on Windows, where there are none'

function isOptedOut(pod: Pod): boolean {
  const value = annotationsOf(pod)[injectAnnotation] ?? 'true'
  if (value !== 'true' && value !== 'false') {
    const found = JSON.stringify(value)
    throw new NsmError(
      'BAD_ANNOTATION',
      `${describeObject(pod, 'Pod')}: annotation ${injectAnnotation} is ${found}, expected "true" or "false"`,
    )
  }
  return value === 'false'
}
