import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, inject } from 'vitest'
import type { KubeApi } from '#kube/api.ts'
import { connectApi } from '#kube/connect-api.ts'
import { dump } from './dump.ts'
import { type ClusterFacts, ownOf } from './facts.ts'
import { type Faults, faultsOf } from './faults.ts'
import { testLabel } from './foreign-cluster.ts'
import { installMesh } from './install-mesh.ts'
import { type KubectlOptions, kubectl } from './kubectl.ts'
import { spaceOf } from './node.ts'
import { must } from './space.ts'

/** For how long to wait, and for what. */
export interface WaitOptions {
  /** In words, for the failure. */
  readonly what: string
  /** Milliseconds. Default 60 000. */
  readonly within?: number
}

/** A real Kubernetes, for a test. */
export interface Cluster extends ClusterFacts {
  /** As an administrator. */
  readonly api: KubeApi
  /** Runs kubectl as an administrator; gives its standard output, or throws an Error with what it says. */
  readonly kubectl: (args: readonly string[] | string, options?: KubectlOptions) => Promise<string>
  /** Makes a namespace for one test and gives its name; it is deleted with the test file. */
  newNamespace(prefix: string, labels?: Readonly<Record<string, string>>): Promise<string>
  /** Applies a file, a folder (with -k when it has a kustomization), or YAML itself in a namespace. */
  apply(pathOrYaml: string, namespace: string): Promise<void>
  /** Asks until a condition gives something else than `undefined` and `false`; fails with the state of the cluster. */
  waitFor<T>(condition: () => Promise<T | undefined | false>, options: WaitOptions): Promise<T>
  /** Runs a command in the namespaces of a node. Throws on a cluster that the tests did not make: see `own`. */
  onNode(node: string, command: readonly string[]): Promise<string>
  /** Runs a shell command in a pod. */
  inPod(namespace: string, pod: string, command: string): Promise<string>
  /** What can be broken on a cluster of the tests' own. */
  readonly faults: Faults
  /** Installs the mesh from manifests/overlays/test unless it is there; resolves when it is ready. */
  install(): Promise<void>
}

/** The shared cluster, for a test file. */
export async function useCluster(): Promise<Cluster> {
  const cluster = await clusterOf(inject('kubernetes'))
  afterAll(() => cluster[Symbol.asyncDispose]())
  return cluster
}

/** What a test can do with a cluster; disposing deletes the namespaces that it made. */
export async function clusterOf(facts: ClusterFacts): Promise<Cluster & AsyncDisposable> {
  const api = await connectApi({ kubeconfig: facts.kubeconfig })
  const namespaces: string[] = []
  const ask = (args: readonly string[] | string, options?: KubectlOptions) =>
    kubectl(facts, typeof args === 'string' ? args.split(' ') : args, options)
  const cluster: Omit<Cluster, 'install'> = {
    ...facts,
    api,
    kubectl: ask,
    async newNamespace(prefix, labels = {}) {
      const name = `${prefix}-${Math.random().toString(36).slice(2, 8)}`
      const metadata = { name, labels: { ...labels, [testLabel]: 'true' } }
      await ask('create -f -', { input: JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata }) })
      namespaces.push(name)
      // Without its service account it takes no pods.
      await ask(`-n ${name} wait --for=create serviceaccount/default --timeout=30s`)
      return name
    },
    async apply(pathOrYaml, namespace) {
      const isPath = existsSync(pathOrYaml)
      const kind = existsSync(join(pathOrYaml, 'kustomization.yaml')) ? '-k' : '-f'
      const what = isPath ? [kind, pathOrYaml] : ['-f', '-']
      await ask(['-n', namespace, 'apply', ...what], isPath ? {} : { input: pathOrYaml })
    },
    async waitFor(condition, { what, within = 60_000 }) {
      const deadline = AbortSignal.timeout(within)
      for (;;) {
        const found = await attempt(condition)
        if (found.value !== undefined && found.value !== false) return found.value
        if (deadline.aborted)
          throw new Error(
            `did not happen within ${within} ms: ${what}${found.why}\n${await dump(facts, namespaces)}`,
          )
        await sleep(200)
      }
    },
    onNode: (node, command) => must(spaceOf(ownOf(facts), facts.nodes.indexOf(node) + 1), command),
    inPod: (namespace, pod, command) => ask(['-n', namespace, 'exec', pod, '--', 'sh', '-c', command]),
    faults: faultsOf(facts),
  }
  return {
    ...cluster,
    install: () => installMesh(cluster),
    async [Symbol.asyncDispose]() {
      if (namespaces.length > 0)
        await ask(['delete', 'namespace', ...namespaces, '--wait=false', '--ignore-not-found'])
      await api[Symbol.asyncDispose]()
    },
  }
}

interface Attempt<T> {
  readonly value?: T | undefined | false
  readonly why: string
}

async function attempt<T>(condition: () => Promise<T | undefined | false>): Promise<Attempt<T>> {
  try {
    return { value: await condition(), why: '' }
  } catch (error) {
    return { why: `; the last time: ${String(error)}` }
  }
}
