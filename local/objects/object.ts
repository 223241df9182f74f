import type { KubeObject, ObjectMeta } from '#kube/meta.ts'
import type { Container, EnvVar, PodSpec } from '#kube/pod.ts'

/** Metadata with what every stored object has. */
export interface NamedMeta extends ObjectMeta {
  readonly name: string
  readonly namespace: string
}

/** An object of the mesh; fields that we do not read are kept. */
export interface MeshObject extends KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: NamedMeta
  readonly spec?: unknown
  /** Of a ConfigMap or a Secret. */
  readonly data?: unknown
  readonly stringData?: unknown
}

/** A reference to a key of a ConfigMap or a Secret. */
export interface KeyReference {
  readonly name?: string
  readonly key?: string
  readonly optional?: boolean
}

/** Where the value of a variable comes from. */
export interface ValueSource {
  readonly fieldRef?: { readonly fieldPath?: string }
  readonly configMapKeyRef?: KeyReference
  readonly secretKeyRef?: KeyReference
}

/** A whole ConfigMap or Secret as variables. */
export interface EnvFrom {
  readonly prefix?: string
  readonly configMapRef?: { readonly name?: string; readonly optional?: boolean }
  readonly secretRef?: { readonly name?: string; readonly optional?: boolean }
}

/** The fields of a container that the local engine reads. */
export interface ContainerSpec extends Container {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[] | null
  readonly args?: readonly string[] | null
  readonly workingDir?: string
  readonly env?:
    | readonly (EnvVar & { readonly name: string; readonly valueFrom?: ValueSource | null })[]
    | null
  readonly envFrom?: readonly EnvFrom[] | null
  /** `Always` makes an init container a native side-car. */
  readonly restartPolicy?: string
}

/** The fields of a pod's spec that the local engine reads. */
export interface RunnablePodSpec extends PodSpec {
  readonly containers: readonly ContainerSpec[]
  readonly initContainers?: readonly ContainerSpec[] | null
  readonly restartPolicy?: string
  readonly nodeName?: string
  readonly nodeSelector?: Readonly<Record<string, string>> | null
  readonly serviceAccountName?: string
  /** Seconds. */
  readonly terminationGracePeriodSeconds?: number
}

/** A pod that was checked. */
export interface PodObject extends MeshObject {
  readonly spec: RunnablePodSpec
}

/** What names an object within a mesh. */
export interface ObjectName {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/** The name of an object. */
export function nameOf(object: MeshObject): ObjectName {
  return { kind: object.kind, namespace: object.metadata.namespace, name: object.metadata.name }
}

/** `pod/client`, as kubectl prints it. */
export function show({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind.toLowerCase()}/${name}`
}

/** The key of an object in maps. */
export function keyOf({ kind, namespace, name }: ObjectName): string {
  return `${kind}/${namespace}/${name}`
}
