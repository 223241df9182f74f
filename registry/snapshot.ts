import type { Change } from '#sdk/wire/gen/registryrecords/registryrecords_pb.ts'
import { type EndpointRecord, type ServiceRecord, serviceKey } from './registry.ts'
import { endpointOf, serviceOf } from './wire.ts'

/** What a watch has told before its list was complete. */
export class Snapshot {
  readonly #services = new Set<string>()
  readonly #endpoints = new Map<string, EndpointRecord>()

  add({ record }: Change): void {
    if (record.case === 'service') this.#services.add(keyOf(serviceOf(record.value)))
    if (record.case !== 'endpoint') return
    const endpoint = endpointOf(record.value)
    this.#endpoints.set(endpoint.endpoint.name, endpoint)
  }

  hasService(record: ServiceRecord): boolean {
    return this.#services.has(keyOf(record))
  }

  endpoint(name: string): EndpointRecord | undefined {
    return this.#endpoints.get(name)
  }

  endpoints(): readonly EndpointRecord[] {
    return [...this.#endpoints.values()]
  }
}

function keyOf({ namespace, service }: ServiceRecord): string {
  return serviceKey(namespace, service.name)
}
