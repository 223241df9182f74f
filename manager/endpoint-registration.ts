import { randomInt } from 'node:crypto'
import { create } from '@bufbuild/protobuf'
import { timestampNow } from '@bufbuild/protobuf/wkt'
import { findService } from '#registry/lookup.ts'
import type { EndpointRecord, Registry } from '#registry/registry.ts'
import { NsmError } from '#sdk/errors.ts'
import { dnsNameRule, isDnsName } from '#sdk/service-ref/names.ts'
import type { Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import {
  type NetworkServiceEndpoint,
  NetworkServiceEndpointSchema,
  NetworkServiceLabelsSchema,
  NetworkServiceSchema,
} from '#sdk/wire/gen/registry/registry_pb.ts'
import type { Events } from './events.ts'
import type { Pods } from './pods.ts'
import type { Policy } from './policy.ts'
import { podName } from './request.ts'

/** What registering endpoints depends on. */
export interface RegistrationOptions {
  readonly registry: Registry
  readonly pods: Pods
  readonly events: Events
  readonly policy: Policy
  readonly node: string
  readonly sharedNamespace: string
  /** Where other managers reach this one; empty when they cannot. */
  readonly publicUrl: string
}

/** Who registers, as the socket says. */
export interface Registrant {
  readonly pod: Pod
  readonly pid: number
  readonly workspace: string
}

/**
 * Enters an endpoint into the registry. Its labels are its pod's, overridden by those sent; without a name it gets
 * its first service's and a random end, or the one that the same workspace has for the same services already. A
 * service that is unknown is created without matches.
 */
export async function registerEndpoint(
  sent: NetworkServiceEndpoint,
  registrant: Registrant,
  options: RegistrationOptions,
): Promise<EndpointRecord> {
  const { pod, pid, workspace } = registrant
  const { registry, events, node } = options
  const services = checkedServices(sent, pod, options.policy)
  const name = sent.name === '' ? await nameFor(services, registrant, registry) : checkedName(sent.name)
  await freeName(name, options)
  for (const service of services) await ensureService(service, pod, options)
  const endpoint = create(NetworkServiceEndpointSchema, {
    name,
    networkServiceNames: [...services],
    networkServiceLabels: Object.fromEntries(
      services.map(service => [service, labelsFor(service, sent, pod)]),
    ),
    url: options.publicUrl,
    initialRegistrationTime: timestampNow(),
  })
  const record = { endpoint, pod, pid, node, workspace }
  await registry.endpoints.put(record)
  events.tell({
    step: 'endpoint-registered',
    object: name,
    text: `${podName(pod)} offers ${services.join(', ')}`,
    pod,
  })
  return record
}

function checkedServices(sent: NetworkServiceEndpoint, pod: Pod, policy: Policy): readonly string[] {
  const services = [...new Set(sent.networkServiceNames)]
  const wrong = services.find(service => !isDnsName(service))
  if (services.length === 0 || wrong !== undefined)
    throw new NsmError(
      'BAD_INPUT',
      `registering an endpoint of ${podName(pod)}: ${wrong === undefined ? 'it names no network service' : `${JSON.stringify(wrong)} is no service name; expected ${dnsNameRule}`}`,
    )
  const decision = policy.mayRegister(pod, services)
  if (decision.allowed) return services
  throw new NsmError(
    'DENIED',
    `registering an endpoint of ${services.join(', ')}: ${podName(pod)} may not offer it: ${decision.reason}`,
  )
}

function checkedName(name: string): string {
  if (isDnsName(name)) return name
  throw new NsmError('BAD_INPUT', `registering endpoint ${JSON.stringify(name)}: expected ${dnsNameRule}`)
}

async function nameFor(
  services: readonly string[],
  { pod, workspace }: Registrant,
  registry: Registry,
): Promise<string> {
  const before = (await registry.endpoints.find(services[0] ?? '')).find(
    record =>
      record.pod.uid === pod.uid &&
      record.workspace === workspace &&
      sameItems(record.endpoint.networkServiceNames, services),
  )
  return (
    before?.endpoint.name ??
    `${services[0]}-${randomInt(36 ** 5)
      .toString(36)
      .padStart(5, '0')}`
  )
}

/** A name that a pod of this node left behind, without the manager having been told of its end, is free. */
async function freeName(name: string, { registry, pods, node }: RegistrationOptions): Promise<void> {
  const holder = await registry.endpoints.get(name)
  if (holder?.node === node && pods.get(holder.pod.uid) === undefined) await registry.endpoints.remove(name)
}

async function ensureService(
  name: string,
  { namespace }: Pod,
  { registry, sharedNamespace }: RegistrationOptions,
): Promise<void> {
  if ((await findService(registry, name, [namespace, sharedNamespace])) !== undefined) return
  await registry.services.add({ namespace, service: create(NetworkServiceSchema, { name, payload: 'IP' }) })
}

function labelsFor(service: string, sent: NetworkServiceEndpoint, pod: Pod) {
  return create(NetworkServiceLabelsSchema, {
    labels: { ...pod.labels, ...sent.networkServiceLabels[service]?.labels },
  })
}

function sameItems(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every(item => b.includes(item))
}
