import type { Cluster } from '#test/cluster/cluster.ts'
import type { Lifetimes } from './lifetimes.ts'
import type { PodWatch, Seen } from './pod-watch.ts'
import { type Kind, podOf } from './pods.ts'

/** Where pods are measured: a namespace of a cluster of two nodes with the mesh installed. */
export interface Place {
  readonly cluster: Cluster
  readonly namespace: string
  readonly watch: PodWatch
  readonly lifetimes: Lifetimes
  /** Names of the pods that stay. */
  readonly kept: readonly string[]
}

/** A pod that was started. */
export interface Started {
  readonly kind: Kind
  /** Absent when it failed. */
  readonly seen?: Seen
  /** Milliseconds from the request to create it until it was seen Ready; NaN when it failed. */
  readonly ms: number
}

/** Creates a pod; resolves when it is Ready, or has failed. */
export async function start(
  { cluster, namespace, watch }: Place,
  pod: { readonly name: string; readonly kind: Kind; readonly node: string; readonly service: string },
): Promise<Started> {
  const begun = performance.now()
  await cluster.api.call({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/pods`,
    body: podOf(pod),
    signal: AbortSignal.timeout(60_000),
  })
  const seen = await watch.ready(pod.name)
  return seen === undefined
    ? { kind: pod.kind, ms: Number.NaN }
    : { kind: pod.kind, seen, ms: seen.at - begun }
}

/** Deletes what was started; resolves when it is gone. */
export async function clear({ cluster, namespace, watch, kept }: Place): Promise<void> {
  await cluster.api.call({
    method: 'DELETE',
    path: `/api/v1/namespaces/${namespace}/pods?labelSelector=bench%3Dtrue`,
    signal: AbortSignal.timeout(60_000),
  })
  await watch.onlyLeft(kept)
}

/** How long the init processes of pods were there, in milliseconds. */
export function initTimes({ lifetimes }: Place, pods: readonly Started[]): readonly number[] {
  const uids = new Set(pods.map(({ seen }) => seen?.uid))
  return lifetimes.ended.filter(({ pod }) => uids.has(pod)).map(({ ms }) => ms)
}
