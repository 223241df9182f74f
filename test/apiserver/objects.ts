import type { KubeApi } from '#kube/api.ts'
import type { JsonObject } from '#kube/shape.ts'

/** The annotation that asks for services. */
export const servicesKey = 'ns.networkservicemesh.io'

/** What tests read of any object. */
export interface Read extends JsonObject {
  readonly metadata: {
    readonly name: string
    readonly generation?: number
    readonly resourceVersion: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: JsonObject & {
    readonly containers?: readonly { readonly name: string }[]
    readonly initContainers?: readonly { readonly name: string }[]
    readonly template: {
      readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
      readonly spec: { readonly initContainers?: readonly object[] }
    }
  }
}

const { signal } = new AbortController()

/** Makes an object at the path of its list. */
export async function create(api: KubeApi, path: string, body: object): Promise<Read> {
  return (await api.call({ method: 'POST', path, body, signal })) as Read
}

/** Reads an object. */
export async function read(api: KubeApi, path: string): Promise<Read> {
  return (await api.call({ method: 'GET', path, signal })) as Read
}

/** Merges a patch into an object. */
export async function merge(api: KubeApi, path: string, body: object): Promise<Read> {
  return (await api.call({ method: 'PATCH', path, body, signal })) as Read
}

/** A pod with one container. */
export function pod(metadata: object = {}, spec: object = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', ...metadata },
    spec: { containers: [{ name: 'web', image: 'nginx' }], ...spec },
  }
}

const labels = { app: 'web' }
const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'nginx' }] } }

/** A workload with one replica; `metadata` is its own, not its template's. */
export function workload(kind: 'Deployment' | 'StatefulSet' | 'DaemonSet', metadata: object = {}) {
  const service = kind === 'StatefulSet' ? { serviceName: 'web' } : {}
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: 'web', ...metadata },
    spec: { selector: { matchLabels: labels }, template, ...service },
  }
}

/** A CronJob that is due each minute. */
export function cronJob(metadata: object = {}) {
  const job = { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } }
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'web', ...metadata },
    spec: { schedule: '* * * * *', jobTemplate: { spec: job } },
  }
}
