// The official client's reader of kubeconfig files and its exec plugins. It brings 2.5 MB of code and 28 MiB of memory, so
// it is a bundle of its own, `dist/kubeconfig.js`, loaded when it is needed. Nothing here may throw an NsmError: the class
// of another bundle is another class.
import type { RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node/dist/config.js'
import type { Access, AccessSource } from './access.ts'

/** Which kubeconfig, and which of its contexts. */
export interface KubeconfigSource {
  /** Default: the files of `$KUBECONFIG`, then `~/.kube/config`. */
  readonly kubeconfig?: string
  /** Default: the current context. */
  readonly context?: string
}

/** Access as a kubeconfig says: token, client certificate or exec plugin. Throws an Error that says what is wrong. */
export function fromKubeconfig({ kubeconfig, context }: KubeconfigSource): AccessSource {
  const config = new KubeConfig()
  if (kubeconfig === undefined) config.loadFromDefault()
  else config.loadFromFile(kubeconfig)
  if (context !== undefined) config.setCurrentContext(context)
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new Error(`there is no context ${JSON.stringify(config.getCurrentContext())}`)
  const server = new URL(cluster.server)
  // What the official client assumes when it finds no kubeconfig.
  if (server.href === 'http://localhost:8080/')
    throw new Error('there is none; name one with --kubeconfig or in KUBECONFIG')
  if (server.protocol !== 'https:') throw new Error(`the server ${cluster.server} is not an https address`)
  if (cluster.proxyUrl !== undefined) throw new Error('a proxy-url is not supported')
  return async () => {
    const options: RequestOptions = {}
    await config.applyToHTTPSOptions(options)
    return { server, tls: trustOf(options), headers: headersOf(options) }
  }
}

function trustOf({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions): Access['tls'] {
  return {
    ...pem('ca', ca),
    ...pem('cert', cert),
    ...pem('key', key),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  }
}

function pem(name: 'ca' | 'cert' | 'key', value: unknown): Access['tls'] {
  return typeof value === 'string' || Buffer.isBuffer(value) ? { [name]: value.toString() } : {}
}

function headersOf({ headers = {}, auth }: RequestOptions): Access['headers'] {
  const given = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name.toLowerCase(), value] as const] : [],
  )
  const basic = auth ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {}
  return { ...Object.fromEntries(given), ...basic }
}
