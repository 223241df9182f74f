import { create } from '@bufbuild/protobuf'
import { findService } from '#registry/lookup.ts'
import type { Change, Collection, EndpointRecord, ServiceRecord } from '#registry/registry.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Handlers } from '#sdk/rpc/types.ts'
import { dnsNameRule, isDnsName } from '#sdk/service-ref/names.ts'
import type { Pod } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import {
  type NetworkService,
  type NetworkServiceEndpoint,
  type NetworkServiceEndpointRegistry,
  type NetworkServiceRegistry,
  NetworkServiceSchema,
} from '#sdk/wire/gen/registry/registry_pb.ts'
import { type Registrant, type RegistrationOptions, registerEndpoint } from './endpoint-registration.ts'
import type { Peer } from './identity.ts'
import { podName } from './request.ts'

/** What serving the registry to pods depends on. */
export interface RegistryServiceOptions extends RegistrationOptions {
  /** Fails with DENIED when the manager may not open the socket that the pod of a workspace serves. */
  readonly checkClientSocket: (workspace: string) => void
  /** Called when an endpoint has registered, again or for the first time. */
  readonly onRegistered: (record: EndpointRecord) => void
  /** Takes an endpoint out of the registry. */
  readonly withdraw: (record: EndpointRecord, why: string) => Promise<void>
}

/**
 * Serves NetworkServiceRegistry. A pod may create a service in its own namespace; one that exists stays as it is and
 * is not a pod's to remove, because its matches are the operator's.
 */
export function serviceRegistryHandlers(
  podOf: (peer: Peer) => Promise<Pod>,
  { registry, policy, sharedNamespace }: RegistryServiceOptions,
): Handlers<typeof NetworkServiceRegistry, Peer> {
  return {
    async register(sent, { peer }) {
      const pod = await podOf(peer)
      if (!isDnsName(sent.name))
        throw new NsmError(
          'BAD_INPUT',
          `registering network service ${JSON.stringify(sent.name)}: expected ${dnsNameRule}`,
        )
      const decision = policy.mayRegister(pod, [sent.name])
      if (!decision.allowed)
        throw new NsmError(
          'DENIED',
          `registering network service ${sent.name}: ${podName(pod)} may not: ${decision.reason}`,
        )
      const known = await findService(registry, sent.name, [pod.namespace, sharedNamespace])
      if (known !== undefined) return known.service
      const service = create(NetworkServiceSchema, {
        ...sent,
        payload: sent.payload === '' ? 'IP' : sent.payload,
      })
      await registry.services.add({ namespace: pod.namespace, service })
      return service
    },
    async *find({ networkService: wanted, watch }, { peer, signal }) {
      const { namespace } = await podOf(peer)
      const isWanted = ({ namespace: own, service }: ServiceRecord): boolean =>
        (own === namespace || own === sharedNamespace) && matchesService(service, wanted)
      for await (const { record, deleted } of found(registry.services, watch, signal)) {
        if (isWanted(record)) yield { networkService: record.service, deleted }
      }
    },
    async unregister({ name }, { peer }) {
      const pod = await podOf(peer)
      throw new NsmError(
        'DENIED',
        `removing network service ${name}: it is not ${podName(pod)}'s to remove; delete the NetworkService object`,
      )
    },
  }
}

/** Serves NetworkServiceEndpointRegistry to the pod of a workspace; only its own endpoints are its to change. */
export function endpointRegistryHandlers(
  registrantOf: (peer: Peer) => Promise<Registrant>,
  options: RegistryServiceOptions,
): Handlers<typeof NetworkServiceEndpointRegistry, Peer> {
  const { registry, sharedNamespace, checkClientSocket, onRegistered, withdraw } = options
  return {
    async register(sent, { peer }) {
      const registrant = await registrantOf(peer)
      checkClientSocket(registrant.workspace)
      const record = await registerEndpoint(sent, registrant, options)
      onRegistered(record)
      return { ...record.endpoint, url: sent.url }
    },
    async *find({ networkServiceEndpoint: wanted, watch }, { peer, signal }) {
      const { namespace } = (await registrantOf(peer)).pod
      const isWanted = ({ pod, endpoint }: EndpointRecord): boolean =>
        (pod.namespace === namespace || pod.namespace === sharedNamespace) &&
        matchesEndpoint(endpoint, wanted)
      for await (const { record, deleted } of found(registry.endpoints, watch, signal)) {
        if (isWanted(record)) yield { networkServiceEndpoint: record.endpoint, deleted }
      }
    },
    async unregister({ name }, { peer }) {
      const { pod } = await registrantOf(peer)
      const record = await registry.endpoints.get(name)
      if (record === undefined) return {}
      if (record.pod.uid !== pod.uid)
        throw new NsmError(
          'DENIED',
          `removing endpoint ${name}: it belongs to ${podName(record.pod)}, not to ${podName(pod)}`,
        )
      await withdraw(record, `${podName(pod)} takes it back`)
      return {}
    },
  }
}

/** What is there now; with `watch` then also each change, without a gap between the two. */
async function* found<R>(
  collection: Collection<R>,
  watch: boolean,
  signal: AbortSignal,
): AsyncGenerator<Change<R>, void> {
  // Nobody who only asks may be left watching: his signal stays quiet.
  const changes = watch ? collection.watch(signal) : undefined
  for (const record of await collection.list()) yield { record, deleted: false }
  if (changes !== undefined) yield* changes
}

function matchesService(service: NetworkService, wanted: NetworkService | undefined): boolean {
  const { name = '', payload = '' } = wanted ?? {}
  return (name === '' || service.name === name) && (payload === '' || service.payload === payload)
}

/** NSM v1's rules for Find: an empty field is a wildcard, names and labels have to be contained. */
function matchesEndpoint(
  endpoint: NetworkServiceEndpoint,
  wanted: NetworkServiceEndpoint | undefined,
): boolean {
  if (wanted === undefined) return true
  const { name, networkServiceNames, networkServiceLabels } = wanted
  return (
    (name === '' || endpoint.name === name) &&
    networkServiceNames.every(service => endpoint.networkServiceNames.includes(service)) &&
    Object.entries(networkServiceLabels).every(([service, { labels }]) =>
      Object.entries(labels).every(
        ([key, value]) => endpoint.networkServiceLabels[service]?.labels[key] === value,
      ),
    )
  )
}
