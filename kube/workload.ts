import { checkMeta, type KubeObject, type ObjectMeta } from './meta.ts'
import { isObject, type JsonObject, objectAt } from './shape.ts'

/** Where the pod template of each workload kind is. */
const templatePaths = {
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
} as const satisfies Record<string, readonly string[]>

/** A kind of object that makes pods from a template. */
export type WorkloadKind = keyof typeof templatePaths

/** A workload, apps/v1 or batch/v1; its pod template is found by `podTemplateOf`. */
export interface Workload extends KubeObject {
  readonly spec?: unknown
}

/** The part of a pod template that we read. */
export interface PodTemplate {
  readonly metadata?: ObjectMeta | null
  readonly spec?: unknown
}

/** Whether a kind makes pods from a template. */
export function isWorkloadKind(kind: string): kind is WorkloadKind {
  return Object.hasOwn(templatePaths, kind)
}

/** The path of the pod template within an object of that kind. */
export function templatePath(kind: WorkloadKind): readonly string[] {
  return templatePaths[kind]
}

/** The pod template of a workload; undefined when the object has none. */
export function podTemplateOf(kind: WorkloadKind, object: Workload): PodTemplate | undefined {
  const found = templatePath(kind).reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), object)
  return isObject(found) ? found : undefined
}

/** Checks that JSON has a workload's shape where we read it. Throws ShapeError naming the place. */
export function readWorkload(kind: WorkloadKind, json: unknown): Workload {
  const workload = objectAt(json, kind)
  checkMeta(workload, kind)
  const path = templatePath(kind)
  const template = path.reduce<JsonObject>(
    (at, key, depth) => objectAt(at[key], `${kind} /${path.slice(0, depth + 1).join('/')}`),
    workload,
  )
  checkMeta(template, `${kind} /${path.join('/')}`)
  return workload
}
