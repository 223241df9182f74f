import { checkTexts, type JsonObject, optionalObjectAt, optionalObjectsAt } from './shape.ts'

/** An entry of `metadata.ownerReferences`. */
export interface OwnerReference {
  readonly apiVersion?: string
  readonly kind?: string
  readonly name?: string
  readonly uid?: string
  readonly controller?: boolean
}

/** The fields of `metadata` that we read (meta/v1 ObjectMeta); every other field is left alone. */
export interface ObjectMeta {
  readonly name?: string
  readonly generateName?: string
  readonly namespace?: string
  readonly uid?: string
  readonly labels?: Readonly<Record<string, string>> | null
  readonly annotations?: Readonly<Record<string, string>> | null
  readonly ownerReferences?: readonly OwnerReference[] | null
  readonly deletionTimestamp?: unknown
}

/** What every Kubernetes object has. */
export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: ObjectMeta | null
}

/** The annotations of an object or a pod template; empty when it has none. */
export function annotationsOf(
  object: { readonly metadata?: ObjectMeta | null } | undefined,
): Readonly<Record<string, string>> {
  return object?.metadata?.annotations ?? {}
}

/** The controller (a Deployment for its ReplicaSet, a CronJob for its Job …) that made the object and watches it. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return (object.metadata?.ownerReferences ?? []).find(owner => owner.controller === true)
}

/** `Pod default/web`, or the generateName with `*` for an object that has no name yet. */
export function describeObject(object: KubeObject, kind = object.kind ?? 'object'): string {
  const { name, generateName, namespace } = object.metadata ?? {}
  const called = name ?? (generateName === undefined ? 'without a name' : `${generateName}*`)
  return namespace === undefined ? `${kind} ${called}` : `${kind} ${namespace}/${called}`
}

/** Checks those fields of `metadata` that we read. Throws ShapeError naming the place. */
export function checkMeta(object: JsonObject, place: string): void {
  const metadata = optionalObjectAt(object['metadata'], `${place} /metadata`)
  checkTexts(metadata['annotations'], `${place} /metadata/annotations`)
  checkTexts(metadata['labels'], `${place} /metadata/labels`)
  optionalObjectsAt(metadata['ownerReferences'], `${place} /metadata/ownerReferences`)
}
