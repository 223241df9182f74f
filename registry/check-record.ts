import { NsmError } from '#sdk/errors.ts'
import { dnsNameRule, isDnsName } from '#sdk/service-ref/names.ts'
import type { EndpointRecord, ServiceRecord } from './registry.ts'

/** A service that may be kept. Throws BAD_INPUT when it lacks what it is found by. */
export function checkedService(record: ServiceRecord): ServiceRecord {
  const { namespace, service } = record
  for (const [field, value] of Object.entries({ namespace, name: service.name })) {
    if (!isDnsName(value))
      throw new NsmError(
        'BAD_INPUT',
        `entering network service ${JSON.stringify(service.name)}: its ${field} is ${JSON.stringify(value)}; expected ${dnsNameRule}`,
      )
  }
  return record
}

/** An endpoint that may be kept. Throws BAD_INPUT when it lacks what it is found, owned or reached by. */
export function checkedEndpoint(record: EndpointRecord): EndpointRecord {
  const { endpoint, pod, node } = record
  const what = `entering endpoint ${JSON.stringify(endpoint.name)}`
  if (!isDnsName(endpoint.name))
    throw new NsmError('BAD_INPUT', `${what}: its name is none; expected ${dnsNameRule}`)
  const wrong = endpoint.networkServiceNames.find(service => !isDnsName(service))
  if (wrong !== undefined || endpoint.networkServiceNames.length === 0)
    throw new NsmError(
      'BAD_INPUT',
      `${what}: it offers ${JSON.stringify(wrong ?? 'nothing')}; expected ${dnsNameRule}`,
    )
  if (pod.uid === '' || pod.namespace === '' || node === '')
    throw new NsmError('BAD_INPUT', `${what}: it needs the uid and namespace of its pod, and its node`)
  return record
}
