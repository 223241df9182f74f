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

/** Names of pods' endpoints are DNS names; those of a forwarder's networks have more in them. */
const endpointName = /^[!-~]{1,253}$/

/** An endpoint that may be kept. Throws BAD_INPUT when it lacks what it is found or reached by. */
export function checkedEndpoint(record: EndpointRecord): EndpointRecord {
  const { endpoint, pod, node } = record
  const what = `entering endpoint ${JSON.stringify(endpoint.name)}`
  if (!endpointName.test(endpoint.name))
    throw new NsmError('BAD_INPUT', `${what}: expected 1 to 253 ASCII characters without spaces as its name`)
  const wrong = endpoint.networkServiceNames.find(service => !isDnsName(service))
  if (wrong !== undefined || endpoint.networkServiceNames.length === 0)
    throw new NsmError(
      'BAD_INPUT',
      `${what}: it offers ${JSON.stringify(wrong ?? 'nothing')}; expected ${dnsNameRule}`,
    )
  if (pod.namespace === '' || node === '')
    throw new NsmError('BAD_INPUT', `${what}: it needs a namespace and a node`)
  return record
}
