import type { Check, Finding } from './check.ts'
import type { Definition, Schema } from './objects.ts'

/** Whether the API server knows network services, endpoints and managers, in both spellings. */
export const customResources: Check = {
  id: 'custom-resources',
  what: 'the custom resources are defined, in versions v1 and v1alpha1 of one schema',
  find: async facts => judgeDefinitions(await facts.definitions()),
}

/** Fields of `spec` that each version has to keep: of v0.2, and of v1 beside them. */
const fields: Readonly<Record<string, readonly string[]>> = {
  'networkservices.networkservicemesh.io': ['payload', 'matches'],
  'networkserviceendpoints.networkservicemesh.io': [
    'networkservicename',
    'nsmname',
    'network_service_names',
    'url',
  ],
  'networkservicemanagers.networkservicemesh.io': ['url'],
}

/** Judges the definitions, by name. */
export function judgeDefinitions(
  definitions: ReadonlyMap<string, Definition | undefined>,
): readonly Finding[] {
  return [...definitions].flatMap(([name, definition]) => {
    const object = `CustomResourceDefinition ${name}`
    const finding = definition === undefined ? 'does not exist' : faultOf(name, definition)
    return finding === undefined
      ? []
      : [
          {
            severity: 'error',
            object,
            finding,
            remedy: 'nsm install, which also brings the definitions up to date',
          },
        ]
  })
}

function faultOf(name: string, { spec, status }: Definition): string | undefined {
  const refused = (status?.conditions ?? []).find(
    ({ type = '', status: holds }) => ['Established', 'NamesAccepted'].includes(type) && holds !== 'True',
  )
  if (refused !== undefined)
    return `is not served: ${refused.message ?? `${refused.type} is ${refused.status}`}`
  for (const version of ['v1', 'v1alpha1']) {
    const found = (spec?.versions ?? []).find(known => known.name === version && known.served === true)
    if (found === undefined) return `does not serve version ${version}`
    const kept = specOf(found.schema?.openAPIV3Schema)
    const lost = (fields[name] ?? []).filter(field => !kept.includes(field))
    if (lost.length > 0)
      return `is of another mesh: version ${version} silently drops spec.${lost.join(', spec.')}`
  }
  return undefined
}

function specOf(schema: Schema | null | undefined): readonly string[] {
  return Object.keys(schema?.properties?.['spec']?.properties ?? {})
}
