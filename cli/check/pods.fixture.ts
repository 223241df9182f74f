import { initContainerName, sidecarName, socketResource, statusAnnotation } from '#webhook/names.ts'
import type { StoredPod } from './objects.ts'

/** What a pod of a test has besides what each has. */
interface PodOptions {
  readonly name?: string
  readonly namespace?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly created?: string
  readonly phase?: string
  readonly more?: object
}

/** A pod as the API server stores it. */
export function plainPod(options: PodOptions = {}): StoredPod {
  const { name = 'web', namespace = 'blue', annotations = {}, phase = 'Running' } = options
  return {
    metadata: { name, namespace, annotations, creationTimestamp: options.created ?? '2026-01-02T00:00:00Z' },
    spec: { containers: [{ name: 'app' }], ...options.more },
    status: { phase },
  }
}

/** A pod that was injected in a mode, with an image. */
export function injectedPod(
  options: PodOptions & { readonly mode?: 'init' | 'sidecar'; readonly image?: string },
): StoredPod {
  const { mode = 'init', image = 'nsm-init:1' } = options
  const name = mode === 'init' ? initContainerName : sidecarName
  const status = JSON.stringify({ version: 1, image, initContainers: [name] })
  const container = { name, image, resources: { limits: { [socketResource]: '1' } } }
  const stays = mode === 'sidecar' ? { restartPolicy: 'Always' } : {}
  return plainPod({
    ...options,
    annotations: { 'ns.networkservicemesh.io': 'vpn', [statusAnnotation]: status, ...options.annotations },
    more: { initContainers: [{ ...container, ...stays }] },
  })
}
