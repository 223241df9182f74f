import { type KubeApi, KubeApiError } from '#kube/api.ts'
import { readPod } from '#kube/pod.ts'
import { isObject, type JsonObject } from '#kube/shape.ts'
import type { KubeJson } from '#webhook/golden.contract.ts'
import { statusAnnotation } from '#webhook/names.ts'
import { unpatchPod } from '#webhook/unpatch.ts'

/** What the API server made of an object, or why it did not. */
export type Verdict = { readonly object: JsonObject } | { readonly refusal: string }

/** How an object is written. */
type Method = 'POST' | 'PUT'

const { signal } = new AbortController()

const plurals: Readonly<Record<string, string>> = {
  Pod: 'pods',
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
  ReplicaSet: 'replicasets',
  ReplicationController: 'replicationcontrollers',
  Job: 'jobs',
  CronJob: 'cronjobs',
  PodTemplate: 'podtemplates',
  Namespace: 'namespaces',
}

/** Whether the API server has objects of that kind. */
export function isServed({ kind }: KubeJson): boolean {
  return plurals[kind] !== undefined
}

/** An object in a namespace; or, if it is one, with that name. */
export function at(object: KubeJson, place: string): KubeJson {
  const where = object.kind === 'Namespace' ? { name: place } : { namespace: place }
  return { ...object, metadata: { ...object.metadata, ...where } }
}

/** The path of an object, or of its list. */
export function pathOf({ apiVersion, kind, metadata }: KubeJson, what: 'object' | 'list' = 'object'): string {
  const group = apiVersion === 'v1' ? '/api/v1' : `/apis/${String(apiVersion)}`
  const place = kind === 'Namespace' ? '' : `/namespaces/${metadata?.namespace ?? 'default'}`
  const list = `${group}${place}/${plurals[kind] ?? ''}`
  return what === 'list' ? list : `${list}/${metadata?.name ?? ''}`
}

/** Writes objects, for good or as a trial. */
export function requestsOf(api: Pick<KubeApi, 'call'>) {
  const write = async (object: KubeJson, method: Method, query: string) => {
    const path = `${pathOf(object, method === 'POST' ? 'list' : 'object')}${query}`
    return (await api.call({ method, path, body: object, signal })) as KubeJson
  }
  return {
    make: (object: KubeJson, method: Method = 'POST') => write(object, method, ''),
    async attempt(object: KubeJson, method: Method): Promise<Verdict> {
      try {
        return { object: await write(object, method, '?dryRun=All') }
      } catch (error) {
        if (!(error instanceof KubeApiError)) throw error
        return { refusal: error.message }
      }
    },
  }
}

/** What became of an object, without what differs from one creation to the next. */
export function lasting(verdict: Verdict | undefined): unknown {
  if (verdict === undefined || 'refusal' in verdict) return verdict
  const { object } = verdict
  const { uid, ...rest } = metadataOf(object)
  const { creationTimestamp: _, managedFields: __, resourceVersion: ___, ...metadata } = rest
  const name = 'generateName' in metadata ? { name: '*' } : {}
  const text = JSON.stringify({ ...object, metadata: { ...metadata, ...name } })
  return JSON.parse(text.replaceAll(String(uid), 'UID'), withoutPlaces)
}

function metadataOf(object: JsonObject): JsonObject {
  return isObject(object['metadata']) ? object['metadata'] : {}
}

/** The API server makes nothing of null and of what is empty, so a status from before it says more of them. */
function withoutPlaces(key: string, value: unknown): unknown {
  if (value === null) return undefined
  if (key !== statusAnnotation || typeof value !== 'string' || !value.endsWith('}')) return value
  const { made: _, replaced: __, ...status } = JSON.parse(value) as JsonObject
  return JSON.stringify(status)
}

/** A pod without our injection and its class; undefined for what is none. */
export function takenBack(verdict: Verdict | undefined): unknown {
  if (verdict === undefined || 'refusal' in verdict || verdict.object['kind'] !== 'Pod') return undefined
  const { pod } = unpatchPod(readPod(verdict.object))
  return lasting({ object: { ...pod, status: {} } })
}

/** The quality of service that the API server counts for a pod. */
export function classOf(verdict: Verdict | undefined): unknown {
  if (verdict === undefined || 'refusal' in verdict) return undefined
  const { status } = verdict.object
  return isObject(status) ? status['qosClass'] : undefined
}
