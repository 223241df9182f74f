import { setTimeout as sleep } from 'node:timers/promises'
import { NsmError } from '#sdk/errors.ts'
import type { Cluster } from '#test/cluster/cluster.ts'
import type { Lifetimes } from './lifetimes.ts'
import type { PodWatch, Seen } from './pod-watch.ts'
import { type Kind, type PodSpec, podOf } from './pods.ts'

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
  /** How often the API server refused to create it, before it did. */
  readonly refused: number
}

/** For how long a pod that the API server refuses is asked for again, as a controller does. */
const patience = 120_000

/** Creates a pod; resolves when it is Ready, or has failed. */
export async function start(place: Place, pod: PodSpec): Promise<Started> {
  const begun = performance.now()
  const refused = await create(place, pod)
  const seen = await place.watch.ready(pod.name)
  return seen === undefined
    ? { kind: pod.kind, ms: Number.NaN, refused }
    : { kind: pod.kind, seen, ms: seen.at - begun, refused }
}

/** Gives how often it was refused. */
async function create({ cluster, namespace }: Place, pod: PodSpec): Promise<number> {
  const deadline = AbortSignal.timeout(patience)
  for (let refused = 0; ; refused++) {
    try {
      await cluster.api.call({
        method: 'POST',
        path: `/api/v1/namespaces/${namespace}/pods`,
        body: podOf(pod),
        signal: deadline,
      })
      return refused
    } catch (error) {
      const { code, message } = NsmError.from(error)
      // It was created, and the answer came too late.
      if (code === 'ALREADY_EXISTS') return refused
      if (code !== 'API_UNAVAILABLE' || deadline.aborted) throw error
      process.stderr.write(`${pod.name} is refused: ${message}\n`)
      await sleep(1_000)
    }
  }
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
