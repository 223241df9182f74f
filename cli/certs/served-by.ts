import { connect } from 'node:tls'
import { isObject } from '#kube/shape.ts'
import { type Cluster } from './cluster.ts'

/** What an endpoint of the webhook's Service serves. */
export interface ServedBy {
  /** `10.0.0.7:8443`. */
  readonly address: string
  /** PEM; undefined when it cannot be reached from here, as often from outside a cluster. */
  readonly certificate: string | undefined
}

/** Milliseconds that an endpoint may take. */
const deadline = 2000

/** Asks every endpoint of the Service for its certificate. */
export async function servedBy(
  { api, namespace, signal }: Cluster,
  service: string,
): Promise<readonly ServedBy[]> {
  const label = encodeURIComponent(`kubernetes.io/service-name=${service}`)
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=${label}`
  const { items } = await api.call({ method: 'GET', path, signal })
  const slices: readonly unknown[] = Array.isArray(items) ? items : []
  return Promise.all(
    slices.flatMap(addressesOf).map(async ({ host, port }) => ({
      address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
      certificate: await certificateOf(host, port),
    })),
  )
}

function addressesOf(slice: unknown): readonly { readonly host: string; readonly port: number }[] {
  const { endpoints, ports } = isObject(slice) ? slice : {}
  const numbers = (Array.isArray(ports) ? ports : []).flatMap((port: unknown) =>
    isObject(port) && typeof port['port'] === 'number' ? [port['port']] : [],
  )
  const hosts = (Array.isArray(endpoints) ? endpoints : []).flatMap((endpoint: unknown) =>
    isObject(endpoint) && Array.isArray(endpoint['addresses'])
      ? endpoint['addresses'].filter(address => typeof address === 'string')
      : [],
  )
  return hosts.flatMap(host => numbers.map(port => ({ host, port })))
}

function certificateOf(host: string, port: number): Promise<string | undefined> {
  return new Promise(resolve => {
    // Whether it is to be trusted is judged afterwards, against what the API server trusts.
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: deadline }, () => {
      const pem = socket.getPeerX509Certificate()?.toString()
      resolve(pem)
      socket.destroy()
    })
    const fail = () => {
      resolve(undefined)
      socket.destroy()
    }
    socket.on('error', fail).on('timeout', fail)
  })
}
