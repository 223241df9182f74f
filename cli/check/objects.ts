import type { KubeObject, ObjectMeta } from '#kube/meta.ts'
import type { Pod } from '#kube/pod.ts'
import type { Workload, WorkloadKind } from '#kube/workload.ts'

/** The fields of objects in a cluster that the checks read, beyond what admission knows. */
interface StoredMeta extends ObjectMeta {
  /** RFC 3339. */
  readonly creationTimestamp?: string
}

/** An object that the API server has stored. */
export interface Stored extends KubeObject {
  readonly metadata?: StoredMeta | null
}

/** A pod with its state. */
export interface StoredPod extends Pod {
  readonly metadata?: StoredMeta | null
  readonly status?: { readonly phase?: string } | null
}

/** A workload with its state. */
export interface StoredWorkload extends Workload {
  readonly metadata?: StoredMeta | null
  readonly spec?: {
    readonly replicas?: number
    readonly template?: unknown
    readonly jobTemplate?: unknown
  } | null
  readonly status?: {
    readonly replicas?: number
    readonly active?: number
    readonly currentNumberScheduled?: number
    readonly desiredNumberScheduled?: number
    readonly conditions?:
      | readonly {
          readonly type?: string
          readonly status?: string
          readonly reason?: string
          readonly message?: string
        }[]
      | null
  } | null
}

/** A workload and its kind, which items of lists do not tell. */
export interface KindOfWorkload {
  readonly kind: WorkloadKind
  readonly object: StoredWorkload
}

/** An Event, core/v1. */
export interface StoredEvent extends KubeObject {
  readonly reason?: string
  readonly message?: string
  readonly involvedObject?: {
    readonly kind?: string
    readonly namespace?: string
    readonly name?: string
  } | null
}

/** A selector, meta/v1 LabelSelector. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>> | null
  readonly matchExpressions?:
    | readonly {
        readonly key?: string
        readonly operator?: string
        readonly values?: readonly string[] | null
      }[]
    | null
}

/** One entry of a MutatingWebhookConfiguration. */
export interface WebhookEntry {
  readonly name?: string
  readonly clientConfig?: {
    readonly service?: { readonly name?: string; readonly namespace?: string } | null
    readonly caBundle?: string
  } | null
  readonly rules?: readonly { readonly resources?: readonly string[] | null }[] | null
  readonly namespaceSelector?: LabelSelector | null
  readonly matchConditions?: readonly unknown[] | null
  /** Default Fail. */
  readonly failurePolicy?: string
}

/** A MutatingWebhookConfiguration. */
export interface Configuration extends Stored {
  readonly webhooks?: readonly WebhookEntry[] | null
}

/** An EndpointSlice. */
export interface EndpointSlice extends Stored {
  readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean | null } | null }[] | null
}

/** A Secret. */
export interface Secret extends Stored {
  readonly data?: Readonly<Record<string, string>> | null
}

/** A node. */
export interface Node extends Stored {
  readonly spec?: { readonly unschedulable?: boolean } | null
  readonly status?: {
    readonly nodeInfo?: { readonly kubeletVersion?: string; readonly kernelVersion?: string } | null
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[] | null
    readonly allocatable?: Readonly<Record<string, string>> | null
  } | null
}

/** A Lease, coordination.k8s.io/v1. */
export interface Lease extends Stored {
  readonly spec?: {
    readonly holderIdentity?: string | null
    readonly leaseDurationSeconds?: number | null
    /** RFC 3339 with microseconds. */
    readonly renewTime?: string | null
  } | null
}

/** A ConfigMap. */
export interface ConfigMap extends Stored {
  readonly data?: Readonly<Record<string, string>> | null
}

/** A CustomResourceDefinition. */
export interface Definition extends Stored {
  readonly spec?: {
    readonly versions?:
      | readonly {
          readonly name?: string
          readonly served?: boolean
          readonly schema?: { readonly openAPIV3Schema?: Schema | null } | null
        }[]
      | null
  } | null
  readonly status?: {
    readonly conditions?:
      | readonly { readonly type?: string; readonly status?: string; readonly message?: string }[]
      | null
  } | null
}

/** As far as we read a structural schema. */
export interface Schema {
  readonly properties?: Readonly<Record<string, Schema>> | null
}
