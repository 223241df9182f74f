import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parse } from 'yaml'
import type { Cluster } from './cluster.ts'
import { pod, servicesKey } from './objects.ts'
import { relay } from './relay.ts'
import type { LogLine } from './webhook.ts'

/** A mesh of which only the webhook's certificate matters: its objects, with the rights of the manifests. */
export interface Site {
  readonly namespace: string
  /** The namespace whose pods are sent to the webhook: its own are left alone. */
  readonly pods: string
  /** Path of the Secret. */
  readonly secret: string
  /** Path of the MutatingWebhookConfiguration. */
  readonly configuration: string
  /** For `nsm`, as administrator. */
  readonly flags: readonly string[]
  /** Of a replica. */
  readonly env: Readonly<Record<string, string>>
}

const { signal } = new AbortController()
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const configurations = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

/** Makes the namespace, the empty Secret, the roles and the registration of what listens at the URL. */
export async function newSite(cluster: Cluster, url: string): Promise<Site & AsyncDisposable> {
  const namespace = await cluster.newNamespace('certs')
  const pods = await cluster.newNamespace('pods')
  const secrets = `/api/v1/namespaces/${namespace}/secrets`
  const post = (path: string, body: object) => cluster.api.call({ method: 'POST', path, body, signal })
  await post(secrets, { ...(await manifest('secret')), metadata: { name: 'nsm-webhook-certs' } })
  await post(configurations, registration({ namespace, pods }, url))
  for (const [kind, folder] of [
    ['Role', `${rbac}/namespaces/${namespace}/roles`],
    ['ClusterRole', `${rbac}/clusterroles`],
  ] as const) {
    const role = await manifest(kind === 'Role' ? 'role' : 'cluster-role')
    const rules = JSON.parse(JSON.stringify(role['rules']).replaceAll('["nsm-webhook"]', `["${namespace}"]`))
    await post(folder, { ...role, metadata: { name: namespace }, rules })
    await post(folder.replace(/roles$/, 'rolebindings'), {
      metadata: { name: namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: namespace },
      subjects: [{ kind: 'ServiceAccount', name: 'webhook', namespace }],
    })
  }
  const kubeconfig = join(cluster.folder, `${namespace}.kubeconfig`)
  const admin = join(cluster.folder, 'admin.kubeconfig')
  const token = await tokenOf(cluster, namespace)
  await writeFile(kubeconfig, (await readFile(admin, 'utf8')).replace(cluster.adminToken, token), {
    mode: 0o600,
  })
  const configuration = `${configurations}/${namespace}`
  return {
    namespace,
    pods,
    secret: `${secrets}/nsm-webhook-certs`,
    configuration,
    flags: ['--kubeconfig', admin, '-n', namespace, '--configuration', namespace],
    env: {
      NSM_WEBHOOK_KUBECONFIG: kubeconfig,
      POD_NAMESPACE: namespace,
      NSM_WEBHOOK_CONFIGURATION: namespace,
      NSM_WEBHOOK_CERTIFICATE: 'self',
      NSM_WEBHOOK_OWN_CERTIFICATE: '127.0.0.1',
      NSM_WEBHOOK_PROPAGATION: '1s',
    },
    async [Symbol.asyncDispose]() {
      await cluster.api.call({ method: 'DELETE', path: configuration, signal })
    },
  }
}

/** A running replica. */
export interface Replica extends AsyncDisposable {
  readonly port: number
  readonly pid: number
  readonly log: readonly LogLine[]
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
}

/** What a replica is started with. */
export interface ReplicaOptions {
  /** Name of its pod. */
  readonly name: string
  readonly env?: Readonly<Record<string, string>>
}

/** Starts `dist/webhook.js` under the name of a pod; resolves when it listens. */
export async function startReplica(site: Site, { name, env = {} }: ReplicaOptions): Promise<Replica> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, 'dist/webhook.js'], {
    env: {
      ...process.env,
      ...site.env,
      NSM_WEBHOOK_POD_NAME: name,
      NSM_WEBHOOK_LISTEN: '127.0.0.1:0',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'close')
  const log: LogLine[] = []

  const listening = Promise.withResolvers<number>()
  createInterface({ input: child.stderr }).on('line', line => {
    const said = (line.startsWith('{') ? JSON.parse(line) : { msg: line }) as LogLine
    log.push(said)
    if (said.msg === 'listening') listening.resolve(Number(new URL(String(said['url'])).port))
  })
  const failed = ended.then(() => {
    throw new Error(`the replica ended: ${log.map(({ msg }) => msg).join('\n')}`)
  })
  failed.catch(() => undefined)
  const port = await Promise.race([listening.promise, failed])
  const end = async (signalName: NodeJS.Signals) => {
    child.kill(signalName)
    await ended
  }
  return {
    port,
    pid: child.pid ?? 0,
    log,
    kill: () => end('SIGKILL'),
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  }
}

/** What a Service is to the API server: one address, any number of servers behind it. */
export interface Balancer extends AsyncDisposable {
  /** `https://127.0.0.1:port`. */
  readonly url: string
  add(port: number): void
  remove(port: number): void
}

/** Gives each new connection to the next server. */
export async function startBalancer(): Promise<Balancer> {
  let ports: readonly number[] = []
  let turn = 0
  const sockets = new Set<Socket>()
  const server = createServer(near => {
    turn += 1
    const port = ports[turn % ports.length]
    if (port === undefined) {
      near.destroy()
      return
    }
    relay(near, port, sockets)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    add(port) {
      ports = [...ports, port]
    },
    remove(port) {
      ports = ports.filter(other => other !== port)
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await once(server.close(), 'close')
    },
  }
}

/** Makes an annotated pod without storing it; gives why that failed, or that the webhook was not asked. */
export async function tryPod({ api }: Cluster, { pods }: Site): Promise<string | undefined> {
  const body = pod({ annotations: { [servicesKey]: 'vpn' } })
  const path = `/api/v1/namespaces/${pods}/pods?dryRun=All`
  try {
    const made = await api.call({ method: 'POST', path, body, signal })
    return JSON.stringify(made).includes('nsm-init') ? undefined : 'the pod was not injected'
  } catch (error) {
    return String(error)
  }
}

/** What came of a load. */
export interface PodLoad {
  readonly failures: readonly string[]
  readonly made: number
  readonly perSecond: number
}

/**
 * Makes pods without a pause until `work` is done, many at once: more than the API server keeps connections, so that it
 * always opens new ones.
 */
export async function underLoad(cluster: Cluster, site: Site, work: () => Promise<void>): Promise<PodLoad> {
  const atOnce = 40
  const failures: string[] = []
  let made = 0
  const done = new AbortController()
  const started = performance.now()
  const load = async () => {
    while (!done.signal.aborted) {
      const results = await Promise.all(Array.from({ length: atOnce }, () => tryPod(cluster, site)))
      made += results.length
      failures.push(...results.filter(result => result !== undefined))
    }
  }
  const loading = load()
  try {
    await work()
  } finally {
    done.abort()
    await loading
  }
  return { failures, made, perSecond: Math.round((made / (performance.now() - started)) * 1000) }
}

async function manifest(name: string): Promise<Readonly<Record<string, unknown>>> {
  return parse(await readFile(`manifests/base/webhook/${name}.yaml`, 'utf8')) as Record<string, unknown>
}

function registration({ namespace, pods }: Pick<Site, 'namespace' | 'pods'>, url: string): object {
  return {
    metadata: { name: namespace, labels: { 'app.kubernetes.io/part-of': 'nsm' } },
    webhooks: ['pods', 'other-pods'].map(name => ({
      name: `${name}.networkservicemesh.io`,
      clientConfig: { url: `${url}/mutate` },
      rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': pods } },
      failurePolicy: 'Fail',
      sideEffects: 'None',
      timeoutSeconds: 10,
      admissionReviewVersions: ['v1'],
    })),
  }
}

async function tokenOf({ api }: Cluster, namespace: string): Promise<string> {
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
  await api.call({ method: 'POST', path: accounts, body: { metadata: { name: 'webhook' } }, signal })
  const review = await api.call({
    method: 'POST',
    path: `${accounts}/webhook/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    signal,
  })
  return (review['status'] as { readonly token: string }).token
}
