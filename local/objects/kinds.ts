import { NsmError } from '#sdk/errors.ts'

/** The kinds that the local engine knows, with what kubectl calls them; `scope` is where their names are unique. */
const kinds = [
  { kind: 'Namespace', aliases: ['namespaces', 'ns'], scope: 'mesh' },
  { kind: 'ConfigMap', aliases: ['configmaps', 'cm'], scope: 'namespace' },
  { kind: 'Secret', aliases: ['secrets'], scope: 'namespace' },
  { kind: 'NetworkService', aliases: ['networkservices', 'netsvc'], scope: 'namespace' },
  { kind: 'Pod', aliases: ['pods', 'po'], scope: 'namespace' },
  { kind: 'Deployment', aliases: ['deployments', 'deploy'], scope: 'namespace' },
  { kind: 'StatefulSet', aliases: ['statefulsets', 'sts'], scope: 'namespace' },
  { kind: 'DaemonSet', aliases: ['daemonsets', 'ds'], scope: 'namespace' },
] as const

/** A kind that the local engine knows. */
export type KnownKind = (typeof kinds)[number]['kind']

/** A kind that makes pods. */
export type ControllerKind = 'Deployment' | 'StatefulSet' | 'DaemonSet'

/** Whether the local engine does something with objects of a kind. */
export function isKnownKind(kind: string): kind is KnownKind {
  return kinds.some(row => row.kind === kind)
}

/** Whether objects of a kind make pods. */
export function isControllerKind(kind: string): kind is ControllerKind {
  return kind === 'Deployment' || kind === 'StatefulSet' || kind === 'DaemonSet'
}

/** The kind that a user means by `pod`, `pods` or `po`, any case. Throws BAD_USAGE. */
export function kindCalled(text: string): KnownKind {
  const word = text.toLowerCase().split('.')[0] ?? ''
  const row = kinds.find(
    ({ kind, aliases }) => kind.toLowerCase() === word || aliases.some(alias => alias === word),
  )
  if (row !== undefined) return row.kind
  throw new NsmError(
    'BAD_USAGE',
    `kind "${text}" is not known here; known are ${kinds.map(({ kind }) => kind.toLowerCase()).join(', ')}`,
  )
}

/** Whether an object of a kind lives in a namespace. */
export function isNamespaced(kind: string): boolean {
  return kinds.find(row => row.kind === kind)?.scope !== 'mesh'
}

/** In which order objects are created: what others read comes first. Kinds that make or are pods come last. */
export function creationRank(kind: string): number {
  const index = kinds.findIndex(row => row.kind === kind)
  return Math.min(
    index,
    kinds.findIndex(row => row.kind === 'Pod'),
  )
}
