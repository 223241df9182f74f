import { isObject } from '#kube/shape.ts'
import type {
  ContainerSpec,
  EnvFrom,
  KeyReference,
  MeshObject,
  PodObject,
  ValueSource,
} from '#local/objects/object.ts'
import { NsmError } from '#sdk/errors.ts'
import { expand } from './expand.ts'

/** Finds a ConfigMap or a Secret of a namespace. */
export type FindConfig = (kind: 'ConfigMap' | 'Secret', name: string) => MeshObject | undefined

/** What the variables of a container depend on. */
export interface EnvironmentOptions {
  readonly pod: PodObject
  readonly node: string
  readonly find: FindConfig
}

/**
 * The variables that a container's `envFrom` and `env` ask for, in order, so that later ones may use earlier ones.
 * Throws NOT_FOUND when a ConfigMap, a Secret or a key of one is missing and not optional, UNSUPPORTED for a source
 * that the local engine does not have.
 */
export function environmentOf(
  container: ContainerSpec,
  options: EnvironmentOptions,
): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {}
  for (const source of container.envFrom ?? []) Object.assign(variables, wholeConfig(source, options.find))
  for (const { name, value, valueFrom } of container.env ?? []) {
    const found =
      valueFrom === undefined || valueFrom === null
        ? expand(value ?? '', variables)
        : valueOf(name, valueFrom, options)
    if (found !== undefined) variables[name] = found
  }
  return variables
}

function valueOf(
  variable: string,
  source: ValueSource,
  { pod, node, find }: EnvironmentOptions,
): string | undefined {
  if (source.fieldRef !== undefined) return fieldOf(source.fieldRef.fieldPath ?? '', pod, node)
  if (source.configMapKeyRef !== undefined) return keyOfConfig('ConfigMap', source.configMapKeyRef, find)
  if (source.secretKeyRef !== undefined) return keyOfConfig('Secret', source.secretKeyRef, find)
  throw new NsmError(
    'UNSUPPORTED',
    `variable ${variable}: the local engine has no source ${Object.keys(source).join(', ')}`,
  )
}

/** Field paths of the downward API. A pod has no address of its own here: all its addresses come from network services. */
function fieldOf(path: string, pod: PodObject, node: string): string {
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path)
  if (keyed?.[2] !== undefined)
    return pod.metadata[keyed[1] === 'labels' ? 'labels' : 'annotations']?.[keyed[2]] ?? ''
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'metadata.uid': pod.metadata.uid ?? '',
    'spec.nodeName': node,
    'spec.serviceAccountName': pod.spec.serviceAccountName ?? 'default',
    'status.podIP': '',
    'status.hostIP': '',
  }
  const value = fields[path]
  if (value === undefined) throw new NsmError('UNSUPPORTED', `the local engine has no field ${path}`)
  return value
}

function keyOfConfig(
  kind: 'ConfigMap' | 'Secret',
  { name = '', key = '', optional }: KeyReference,
  find: FindConfig,
): string | undefined {
  const value = dataOf(find(kind, name))[key]
  if (value === undefined && optional !== true)
    throw new NsmError('NOT_FOUND', `${kind.toLowerCase()}/${name} has no key ${key}, or does not exist`)
  return value
}

function wholeConfig(
  { prefix = '', configMapRef, secretRef }: EnvFrom,
  find: FindConfig,
): Readonly<Record<string, string>> {
  const reference = configMapRef ?? secretRef ?? {}
  const kind = configMapRef === undefined ? 'Secret' : 'ConfigMap'
  const config = find(kind, reference.name ?? '')
  if (config === undefined && reference.optional !== true)
    throw new NsmError('NOT_FOUND', `${kind.toLowerCase()}/${reference.name ?? ''} does not exist`)
  return Object.fromEntries(Object.entries(dataOf(config)).map(([key, value]) => [prefix + key, value]))
}

function dataOf(config: MeshObject | undefined): Readonly<Record<string, string>> {
  const decode =
    config?.kind === 'Secret'
      ? (text: string) => Buffer.from(text, 'base64').toString('utf8')
      : (text: string) => text
  return { ...textsOf(config?.data, decode), ...textsOf(config?.stringData, text => text) }
}

function textsOf(value: unknown, decode: (text: string) => string): Readonly<Record<string, string>> {
  if (!isObject(value)) return {}
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, decode(String(text))]))
}
