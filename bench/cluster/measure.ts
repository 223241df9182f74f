import { loadavg } from 'node:os'
import { type Cluster, clusterOf } from '#test/cluster/cluster.ts'
import { startCluster } from '#test/cluster/start-cluster.ts'
import { type Burst, burst } from './burst.ts'
import { watchLifetimes } from './lifetimes.ts'
import { type Held, held } from './memory.ts'
import { oneByOne, type Turn } from './one-by-one.ts'
import { type Pings, pings, rolledOut } from './pings.ts'
import { clear, type Place, start } from './place.ts'
import { watchPods } from './pod-watch.ts'
import { endpointOf, podOf } from './pods.ts'

/** How much. */
export interface ClusterOptions {
  /** Pods of each sort, one at a time. */
  readonly rounds: number
  /** Pods at once. */
  readonly pods: number
}

/** A whole run. */
export interface ClusterReport {
  /** Of the machine, a minute's mean before the cluster was started. */
  readonly load: number
  readonly turns: readonly Turn[]
  readonly bursts: readonly Burst[]
  readonly pings: readonly Pings[]
  readonly idle: readonly Held[]
  /** With the clients of a burst. */
  readonly loaded: readonly Held[]
}

const kinds = ['plain', 'bare', 'annotated'] as const

/** Measures what the mesh costs on a Kubernetes of two nodes that lasts as long as this. Needs root; `dist/` has to be built. */
export async function measureCluster({ rounds, pods }: ClusterOptions): Promise<ClusterReport> {
  const [load = Number.NaN] = loadavg()
  await using running = await startCluster()
  await using cluster = await clusterOf(running.facts)
  await using lifetimes = await watchLifetimes()
  await installAsShipped(cluster)
  const namespace = await cluster.newNamespace('bench')
  await using watch = watchPods(cluster.api, namespace)
  const [here = '', there = ''] = cluster.nodes
  const endpoints = [
    endpointOf('endpoint-near', 'near', here),
    endpointOf('endpoint-far', 'far', there),
    endpointOf('endpoint-many-1', 'many', here),
    endpointOf('endpoint-many-2', 'many', there),
  ]
  await cluster.apply(list(endpoints), namespace)
  const place: Place = { cluster, namespace, watch, lifetimes, kept: endpoints.map(nameOf) }
  await Promise.all(place.kept.map(name => watch.ready(name)))
  tell('installed')
  const idle = await held(cluster)

  const turns = await oneByOne(place, rounds, here)
  tell('pods one by one done')

  const pingers = [
    podOf({ name: 'ping-near', kind: 'annotated', node: here, service: 'near' }),
    podOf({ name: 'ping-far', kind: 'annotated', node: here, service: 'far' }),
  ]
  await cluster.apply(list(pingers), namespace)
  await Promise.all(pingers.map(pod => watch.ready(nameOf(pod))))
  const pinged = await pings(
    place,
    pingers.map(pod => ({ namespace, pod: nameOf(pod), node: here })),
  )
  await clear(place)
  tell('pings done')

  // Images are pulled on the other node as well.
  for (const kind of kinds) await start(place, { name: `first-${kind}`, kind, node: there, service: 'many' })
  await clear(place)
  const bursts: Burst[] = []
  let loaded: readonly Held[] = []
  for (const kind of kinds) {
    const meanwhile = async () => {
      loaded = await held(cluster)
    }
    bursts.push(await burst(place, { kind, count: pods, meanwhile }))
    tell(`${pods} pods at once, ${kind}, done`)
  }
  return { load, turns, bursts, pings: pinged, idle, loaded }
}

/** The mesh of the tests, but with the processor time that webhooks ask for by default. */
async function installAsShipped(cluster: Cluster): Promise<void> {
  await cluster.install()
  await cluster.kubectl(
    '-n nsm-system set resources deployment/nsm-webhook -c webhook --requests=cpu=50m,memory=96Mi',
  )
  await rolledOut(cluster, 'deployment/nsm-webhook')
}

function list(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
}

function nameOf({ metadata }: { readonly metadata: { readonly name: string } }): string {
  return metadata.name
}

function tell(what: string): void {
  process.stderr.write(`${(performance.now() / 1_000).toFixed(0)} s: ${what}\n`)
}
