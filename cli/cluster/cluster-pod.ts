import type { ObjectMeta } from '#kube/meta.ts'

/** What we read of a pod that runs (core/v1 Pod). */
export interface ClusterPod {
  readonly metadata?: (ObjectMeta & { readonly creationTimestamp?: string }) | null
  readonly spec?: {
    readonly nodeName?: string
    readonly initContainers?: readonly ClusterContainer[] | null
    readonly containers?: readonly ClusterContainer[] | null
  } | null
  readonly status?: {
    readonly phase?: string
    readonly reason?: string
    readonly conditions?:
      | readonly { readonly type?: string; readonly status?: string; readonly message?: string }[]
      | null
    readonly initContainerStatuses?: readonly ClusterContainerStatus[] | null
    readonly containerStatuses?: readonly ClusterContainerStatus[] | null
  } | null
}

/** One container of a pod's specification. */
export interface ClusterContainer {
  readonly name?: string
  readonly image?: string
  readonly env?: readonly { readonly name?: string; readonly value?: string }[] | null
  /** `Always` makes a side-car of an init container. */
  readonly restartPolicy?: string
  readonly resources?: { readonly limits?: Readonly<Record<string, unknown>> | null } | null
}

interface Reason {
  readonly reason?: string
  readonly message?: string
}

/** What has become of a container. */
export interface ClusterContainerStatus {
  readonly name?: string
  readonly ready?: boolean
  readonly restartCount?: number
  readonly state?: {
    readonly waiting?: Reason | null
    readonly running?: object | null
    readonly terminated?: (Reason & { readonly exitCode?: number }) | null
  } | null
  readonly lastState?: {
    readonly terminated?: (Reason & { readonly exitCode?: number }) | null
  } | null
}
