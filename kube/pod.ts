import { checkMeta, type KubeObject } from './meta.ts'
import { isZero, sameQuantity } from './quantity.ts'
import { checkTexts, objectAt, optionalObjectAt, optionalObjectsAt } from './shape.ts'

/** An environment variable of a container. */
export interface EnvVar {
  readonly name?: string
  readonly value?: string
  readonly valueFrom?: unknown
}

/** Amounts by resource name, as Kubernetes writes quantities: `"200m"`, `1`. */
export type Quantities = Readonly<Record<string, string | number>>

/** What a container, or a pod as a whole, requests and is limited to. */
export interface Resources {
  readonly limits?: Quantities | null
  readonly requests?: Quantities | null
}

/** A probe or a hook, as far as we make them. */
interface Handler {
  readonly httpGet?: { readonly path?: string; readonly port: number | string }
  readonly exec?: { readonly command?: readonly string[] }
}

/** The fields of a container that we read. */
export interface Container {
  readonly name?: string
  readonly image?: string
  readonly env?: readonly EnvVar[] | null
  readonly imagePullPolicy?: string
  readonly args?: readonly string[] | null
  readonly securityContext?: unknown
  readonly terminationMessagePolicy?: string
  readonly resources?: Resources | null
  /** `Always` makes an init container a native side-car. */
  readonly restartPolicy?: string
  readonly startupProbe?:
    | (Handler & { readonly periodSeconds?: number; readonly failureThreshold?: number })
    | null
  readonly lifecycle?: { readonly postStart?: Handler | null } | null
}

/** The fields of a pod's `spec` that we read. */
export interface PodSpec {
  readonly containers?: readonly Container[] | null
  readonly initContainers?: readonly Container[] | null
  readonly hostNetwork?: boolean
  readonly os?: { readonly name?: string } | null
  readonly nodeSelector?: Readonly<Record<string, string>> | null
  readonly restartPolicy?: string
  /** Of the pod as a whole (Kubernetes 1.34); its QoS class comes from them when they are there. */
  readonly resources?: Resources | null
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
  checkTexts(spec['nodeSelector'], 'Pod /spec/nodeSelector')
  checkResources(spec['resources'], 'Pod /spec/resources')
  checkContainers(spec['containers'], 'Pod /spec/containers')
  checkContainers(spec['initContainers'], 'Pod /spec/initContainers')
  return pod
}

function checkContainers(value: unknown, place: string): void {
  for (const [index, container] of optionalObjectsAt(value, place).entries()) {
    optionalObjectsAt(container['env'], `${place}/${index}/env`)
    checkResources(container['resources'], `${place}/${index}/resources`)
  }
}

function checkResources(value: unknown, place: string): void {
  const resources = optionalObjectAt(value, place)
  optionalObjectAt(resources['limits'], `${place}/limits`)
  optionalObjectAt(resources['requests'], `${place}/requests`)
}

/**
 * Whether every container, init containers included, limits CPU and memory and requests nothing else than its limit:
 * then the pod's QoS class is Guaranteed, and one more container that does not would change that. A pod with resources
 * of its own is none of these: its class does not depend on its containers.
 */
export function isGuaranteedByContainers(pod: Pod): boolean {
  if (Object.keys(pod.spec?.resources ?? {}).length > 0) return false
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
  return (
    containers.length > 0 &&
    containers.every(container => ['cpu', 'memory'].every(name => isPinned(container, name)))
  )
}

/**
 * Whether every container, init containers included, states CPU and memory among its limits, or among its requests. What a
 * pod states as a whole is not asked of its containers.
 */
export function everyContainerHas(pod: Pod, what: 'limits' | 'requests'): boolean {
  if (Object.keys(pod.spec?.resources ?? {}).length > 0) return false
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
  return (
    containers.length > 0 &&
    containers.every(({ resources }) => ['cpu', 'memory'].every(name => isStated(resources?.[what]?.[name])))
  )
}

/** An amount of nothing is as good as none. */
function isStated(amount: string | number | undefined): amount is string | number {
  return amount !== undefined && !isZero(amount)
}

function isPinned(container: Container, name: string): boolean {
  const limit = container.resources?.limits?.[name]
  const request = container.resources?.requests?.[name] ?? limit
  return isStated(limit) && request !== undefined && sameQuantity(request, limit)
}
