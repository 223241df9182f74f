import type { EndpointRecord, Registry, ServiceRecord } from './registry.ts'
import { serviceKey } from './registry.ts'

/** A service as one namespace sees it: its own one of that name, else the one of the namespace that all share. */
export async function findService(
  registry: Registry,
  name: string,
  namespaces: readonly string[],
): Promise<ServiceRecord | undefined> {
  for (const namespace of namespaces) {
    const found = await registry.services.get(serviceKey(namespace, name))
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * The endpoints that offer a service, oldest first: those of its namespace, and for a service of the namespace that
 * all share also those of others whose own namespace has none of that name. So an endpoint offers what a client
 * beside it sees.
 */
export async function endpointsOf(
  registry: Registry,
  { namespace, service }: ServiceRecord,
  shared: string,
): Promise<readonly EndpointRecord[]> {
  const named = await registry.endpoints.find(service.name)
  const offers = async ({ pod }: EndpointRecord): Promise<boolean> =>
    pod.namespace === namespace ||
    (namespace === shared &&
      (await registry.services.get(serviceKey(pod.namespace, service.name))) === undefined)
  const offering = await Promise.all(named.map(offers))
  return named.filter((_, index) => offering[index])
}
