import { isObject, type JsonObject } from '#kube/shape.ts'

/** Fields of a pod's spec that change nothing here, and what the user may want to know. */
const podFields = [
  'hostPID',
  'hostIPC',
  'volumes',
  'topologySpreadConstraints',
  'dnsConfig',
  'hostAliases',
  'runtimeClassName',
] as const
const containerFields = [
  'volumeMounts',
  'volumeDevices',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const
const securityFields = [
  'runAsUser',
  'runAsGroup',
  'runAsNonRoot',
  'fsGroup',
  'supplementalGroups',
  'readOnlyRootFilesystem',
  'sysctls',
] as const

/** The names of those fields of a pod's spec that the local engine ignores, each once. */
export function ignoredFields(spec: unknown): readonly string[] {
  if (!isObject(spec)) return []
  const containers = [spec['initContainers'], spec['containers']]
    .flatMap(list => (Array.isArray(list) ? list : []))
    .filter(isObject)
  const contexts = [spec, ...containers].map(holder => holder['securityContext']).filter(isObject)
  return [
    ...present([spec], podFields),
    ...ignoredAffinity(spec['affinity']),
    ...present(containers, containerFields),
    ...present(contexts, securityFields),
    ...(containers.some(hasLimits) ? ['resources (cpu, memory)'] : []),
  ]
}

/** What pods require of each other is heeded (`pods/affinity.ts`). */
function ignoredAffinity(affinity: unknown): readonly string[] {
  if (!isObject(affinity)) return []
  const rules = [affinity['podAffinity'], affinity['podAntiAffinity']].filter(isObject)
  return [
    ...present([affinity], ['nodeAffinity']),
    ...present(rules, ['preferredDuringSchedulingIgnoredDuringExecution']),
  ]
}

function present(holders: readonly JsonObject[], fields: readonly string[]): readonly string[] {
  return fields.filter(field => holders.some(holder => holder[field] !== undefined && holder[field] !== null))
}

function hasLimits({ resources }: JsonObject): boolean {
  if (!isObject(resources)) return false
  return [resources['limits'], resources['requests']].some(
    amounts => isObject(amounts) && ('cpu' in amounts || 'memory' in amounts),
  )
}
