import { checkMeta, type KubeObject } from './meta.ts'
import { objectAt, optionalObjectAt, optionalObjectsAt } from './shape.ts'

/** An environment variable of a container. */
export interface EnvVar {
  readonly name?: string
  readonly value?: string
  readonly valueFrom?: unknown
}

/** Amounts by resource name, as Kubernetes writes quantities: `"200m"`, `1`. */
type Quantities = Readonly<Record<string, string | number>>

/** The fields of a container that we read. */
export interface Container {
  readonly name?: string
  readonly image?: string
  readonly env?: readonly EnvVar[] | null
  readonly imagePullPolicy?: string
  readonly securityContext?: unknown
  readonly terminationMessagePolicy?: string
  readonly resources?: { readonly limits?: Quantities | null; readonly requests?: Quantities | null } | null
}

/** The fields of a pod's `spec` that we read. */
export interface PodSpec {
  readonly containers?: readonly Container[] | null
  readonly initContainers?: readonly Container[] | null
  readonly hostNetwork?: boolean
  readonly os?: { readonly name?: string } | null
}

/** A pod, core/v1. */
export interface Pod extends KubeObject {
  readonly spec?: PodSpec | null
}

/** Checks that JSON has a pod's shape where we read it; unknown fields are welcome. Throws ShapeError naming the place. */
export function readPod(json: unknown): Pod {
  const pod = objectAt(json, 'Pod')
  checkMeta(pod, 'Pod')
  const spec = objectAt(pod['spec'], 'Pod /spec')
  optionalObjectAt(spec['os'], 'Pod /spec/os')
  checkContainers(spec['containers'], 'Pod /spec/containers')
  checkContainers(spec['initContainers'], 'Pod /spec/initContainers')
  return pod
}

function checkContainers(value: unknown, place: string): void {
  for (const [index, container] of optionalObjectsAt(value, place).entries()) {
    optionalObjectsAt(container['env'], `${place}/${index}/env`)
    const resources = optionalObjectAt(container['resources'], `${place}/${index}/resources`)
    optionalObjectAt(resources['limits'], `${place}/${index}/resources/limits`)
    optionalObjectAt(resources['requests'], `${place}/${index}/resources/requests`)
  }
}

/**
 * Whether the pod's QoS class is Guaranteed: every container, init containers included, limits CPU and memory, and
 * requests nothing else than its limit.
 */
export function isGuaranteed(pod: Pod): boolean {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
  return (
    containers.length > 0 &&
    containers.every(container => ['cpu', 'memory'].every(name => isPinned(container, name)))
  )
}

function isPinned(container: Container, name: string): boolean {
  const limit = container.resources?.limits?.[name]
  const request = container.resources?.requests?.[name] ?? limit
  return limit !== undefined && String(limit) !== '0' && String(request) === String(limit)
}
