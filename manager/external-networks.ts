import { create } from '@bufbuild/protobuf'
import { timestampNow } from '@bufbuild/protobuf/wkt'
import { findService } from '#registry/lookup.ts'
import type { EndpointRecord, Registry } from '#registry/registry.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { dnsNameRule, isDnsName } from '#sdk/service-ref/names.ts'
import type { ExternalNetwork } from '#sdk/wire/gen/forwarderregistrar/forwarderregistrar_pb.ts'
import { PodSchema } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import {
  NetworkServiceEndpointSchema,
  NetworkServiceLabelsSchema,
  NetworkServiceSchema,
} from '#sdk/wire/gen/registry/registry_pb.ts'
import type { Events } from './events.ts'
import { endpointName, externalUrl } from './external-network.ts'

/** What offering the networks of forwarders depends on. */
export interface ExternalNetworksOptions {
  readonly registry: Registry
  readonly events: Events
  readonly node: string
  /** The namespace whose services all see. */
  readonly sharedNamespace: string
  readonly log: Log
}

/**
 * The external networks of the forwarders of this node, as endpoints in the registry. Offering and withdrawing happen
 * in the order in which they are asked for, so that a forwarder that comes back is not taken out with its former self.
 */
export class ExternalNetworks {
  readonly #options: ExternalNetworksOptions
  readonly #offered = new Map<string, readonly EndpointRecord[]>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: ExternalNetworksOptions) {
    this.#options = options
  }

  /** Makes the networks candidates for pods of this node. A service that is unknown is created. Throws STORAGE. */
  offer(forwarder: string, networks: readonly ExternalNetwork[]): Promise<void> {
    return this.#next(async () => {
      await this.#take(forwarder)
      const records = networks.map(network => this.#recordOf(forwarder, network))
      this.#offered.set(forwarder, records)
      for (const [index, record] of records.entries()) await this.#put(record, networks[index]?.payload ?? '')
    })
  }

  /** Takes out the networks of a forwarder; their connections are as the caller says. Never fails. */
  async withdraw(forwarder: string): Promise<void> {
    try {
      await this.#next(() => this.#take(forwarder))
    } catch (thrown) {
      const reason = NsmError.from(thrown).message
      this.#options.log.warn(
        { forwarder, reason },
        `the networks of forwarder ${forwarder} stay in the registry`,
      )
    }
  }

  #next(act: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(act)
    this.#turn = turn.catch(() => undefined) // whoever asked for it hears of the failure
    return turn
  }

  async #take(forwarder: string): Promise<void> {
    const { registry, events } = this.#options
    for (const record of this.#offered.get(forwarder) ?? []) {
      const { name } = record.endpoint
      if ((await registry.endpoints.remove(name)) === undefined) continue
      const text = `${endpointName(record)} is offered no longer: forwarder ${forwarder} is gone`
      events.tell({ step: 'endpoint-removed', object: name, text })
    }
    this.#offered.delete(forwarder)
  }

  async #put(record: EndpointRecord, payload: string): Promise<void> {
    const { registry, events, sharedNamespace } = this.#options
    const { namespace } = record.pod
    const { name: object, networkServiceNames: services } = record.endpoint
    for (const name of services) {
      if ((await findService(registry, name, [namespace, sharedNamespace])) !== undefined) continue
      const service = create(NetworkServiceSchema, { name, payload: payload === '' ? 'IP' : payload })
      await registry.services.add({ namespace, service })
    }
    await registry.endpoints.put(record)
    const text = `${endpointName(record)} offers ${services.join(', ')}`
    events.tell({ step: 'endpoint-registered', object, text })
  }

  /** Its name has an "@", which that of no pod's endpoint may have. */
  #recordOf(
    forwarder: string,
    { name, networkServiceNames, labels, namespace }: ExternalNetwork,
  ): EndpointRecord {
    const { node, sharedNamespace } = this.#options
    const services = [...new Set(networkServiceNames)]
    const endpoint = create(NetworkServiceEndpointSchema, {
      name: `${name}@${forwarder}.${node}`,
      networkServiceNames: services,
      networkServiceLabels: Object.fromEntries(
        services.map(service => [service, create(NetworkServiceLabelsSchema, { labels })]),
      ),
      url: externalUrl({ forwarder, network: name }),
      initialRegistrationTime: timestampNow(),
    })
    const pod = create(PodSchema, { name, namespace: namespace === '' ? sharedNamespace : namespace })
    return { endpoint, pod, pid: 0, node, workspace: '' }
  }
}

/** Throws BAD_INPUT, naming forwarder, network and field, when a registration's networks are not as the protocol says. */
export function checkNetworks(forwarder: string, networks: readonly ExternalNetwork[]): void {
  const names = new Set<string>()
  for (const { name, networkServiceNames, namespace, payload } of networks) {
    const refuse = (why: string): NsmError =>
      new NsmError(
        'BAD_INPUT',
        `registering forwarder ${forwarder}: external network ${JSON.stringify(name)}: ${why}`,
      )
    if (!isDnsName(name)) throw refuse(`expected ${dnsNameRule} for its name`)
    if (names.has(name)) throw refuse('it is named twice')
    names.add(name)
    if (networkServiceNames.length === 0) throw refuse('it names no network service that it offers')
    const wrong = networkServiceNames.find(service => !isDnsName(service))
    if (wrong !== undefined)
      throw refuse(`${JSON.stringify(wrong)} is no service name; expected ${dnsNameRule}`)
    if (namespace !== '' && !isDnsName(namespace))
      throw refuse(`its namespace is ${JSON.stringify(namespace)}`)
    if (!['', 'IP', 'ETHERNET'].includes(payload))
      throw refuse(`its payload is ${JSON.stringify(payload)}; expected IP or ETHERNET`)
  }
}
