import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parse } from 'yaml'
import type { KubeApi } from '#kube/api.ts'
import type { JsonObject } from '#kube/shape.ts'
import type { Cluster } from './cluster.ts'
import type { LogLine } from './webhook.ts'

const { signal } = new AbortController()
const rbac = '/apis/rbac.authorization.k8s.io/v1'

/** A namespace in which an issuer has its objects and the rights of the manifests, and managers their pods. */
export interface IssuerSite {
  readonly namespace: string
  /** Of an issuer program; it listens on a free port. */
  readonly env: Readonly<Record<string, string>>
  /** Token of the issuer's own account. */
  readonly issuerToken: string
  get(path: string): Promise<JsonObject>
  /** Makes a node and a pod of an account on it. */
  newPod(node: string, account?: string): Promise<BoundObject>
  /** Asks for a token as kubelet does. */
  token(wish?: TokenWish): Promise<string>
}

/** What a token may be bound to. */
export interface BoundObject {
  readonly kind: 'Pod' | 'Node'
  readonly name: string
  readonly uid: string
}

/** The token that is asked for; default one of nsm-manager for the audience nsm-issuer, bound to nothing. */
export interface TokenWish {
  readonly account?: string
  readonly audience?: string
  readonly bound?: BoundObject
}

/** Makes it. */
export async function newIssuerSite(cluster: Cluster): Promise<IssuerSite> {
  const namespace = await cluster.newNamespace('issuer')
  const { api } = cluster
  const core = `/api/v1/namespaces/${namespace}`
  const post = (path: string, body: object) => api.call({ method: 'POST', path, body, signal })
  for (const name of ['nsm-issuer', 'nsm-manager', 'other'])
    await post(`${core}/serviceaccounts`, { metadata: { name } })
  await post(`${core}/secrets`, here(await manifest('secret'), namespace))
  await post(`${core}/configmaps`, here(await manifest('config-map'), namespace))
  for (const [file, path] of [
    ['role', `${rbac}/namespaces/${namespace}/roles`],
    ['role-binding', `${rbac}/namespaces/${namespace}/rolebindings`],
    ['reader-role', `${rbac}/namespaces/${namespace}/roles`],
    ['reader-role-binding', `${rbac}/namespaces/${namespace}/rolebindings`],
  ] as const)
    await post(path, here(await manifest(file), namespace))
  await post(`${rbac}/clusterroles`, { ...(await manifest('cluster-role')), metadata: { name: namespace } })
  await post(`${rbac}/clusterrolebindings`, {
    metadata: { name: namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: namespace },
    subjects: [{ kind: 'ServiceAccount', name: 'nsm-issuer', namespace }],
  })
  const tokenOf = async ({ account = 'nsm-manager', audience, bound }: TokenWish) => {
    const answer = await post(`${core}/serviceaccounts/${account}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        ...(audience === undefined ? {} : { audiences: [audience] }),
        ...(bound === undefined ? {} : { boundObjectRef: { apiVersion: 'v1', ...bound } }),
      },
    })
    return (answer['status'] as { readonly token: string }).token
  }
  const issuerToken = await tokenOf({ account: 'nsm-issuer' })
  const kubeconfig = join(cluster.folder, `${namespace}.kubeconfig`)
  const admin = await readFile(join(cluster.folder, 'admin.kubeconfig'), 'utf8')
  await writeFile(kubeconfig, admin.replace(cluster.adminToken, issuerToken), { mode: 0o600 })
  return {
    namespace,
    issuerToken,
    env: {
      NSM_ISSUER_KUBECONFIG: kubeconfig,
      NSM_ISSUER_LISTEN: '127.0.0.1:0',
      NSM_ISSUER_PROBE_PORT: '0',
      POD_NAMESPACE: namespace,
    },
    get: path => api.call({ method: 'GET', path: `${core}/${path}`, signal }),
    async newPod(node, account = 'nsm-manager') {
      await post('/api/v1/nodes', { metadata: { name: node } })
      const made = await post(`${core}/pods`, {
        metadata: { generateName: 'manager-' },
        spec: {
          nodeName: node,
          serviceAccountName: account,
          containers: [{ name: 'manager', image: 'manager' }],
        },
      })
      const { name, uid } = made['metadata'] as { readonly name: string; readonly uid: string }
      return { kind: 'Pod', name, uid }
    },
    token: wish => tokenOf({ audience: 'nsm-issuer', ...wish }),
  }
}

/** A running issuer program. */
export interface IssuerProcess extends AsyncDisposable {
  readonly port: number
  readonly log: readonly LogLine[]
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
}

/** Starts `dist/issuer.js`; resolves when it listens. */
export async function startIssuerProcess(
  site: IssuerSite,
  env: Readonly<Record<string, string>> = {},
): Promise<IssuerProcess> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, 'dist/issuer.js'], {
    env: { ...process.env, ...site.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'close')
  const log: LogLine[] = []
  const listening = Promise.withResolvers<number>()
  createInterface({ input: child.stderr }).on('line', line => {
    const said = (line.startsWith('{') ? JSON.parse(line) : { msg: line }) as LogLine
    log.push(said)
    if (said.msg === 'listening') listening.resolve(Number(new URL(String(said['address'])).port))
  })
  const failed = ended.then(() => {
    throw new Error(`the issuer ended: ${log.map(({ msg }) => msg).join('\n')}`)
  })
  failed.catch(() => undefined)
  const port = await Promise.race([listening.promise, failed])
  const end = async (signalName: NodeJS.Signals) => {
    child.kill(signalName)
    await ended
  }
  return { port, log, kill: () => end('SIGKILL'), [Symbol.asyncDispose]: () => end('SIGTERM') }
}

/** The authorities that everybody may read. */
export async function publishedBundle(site: IssuerSite, api: KubeApi): Promise<string> {
  const path = `/api/v1/namespaces/${site.namespace}/configmaps/nsm-authorities`
  const { data } = await api.call({ method: 'GET', path, signal })
  return ((data ?? {}) as Readonly<Record<string, string>>)['ca.crt'] ?? ''
}

async function manifest(name: string): Promise<JsonObject> {
  return parse(await readFile(`manifests/base/issuer/${name}.yaml`, 'utf8')) as JsonObject
}

function here(object: JsonObject, namespace: string): JsonObject {
  return JSON.parse(
    JSON.stringify(object).replaceAll('"nsm-system"', JSON.stringify(namespace)),
  ) as JsonObject
}
