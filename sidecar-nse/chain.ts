import { chain } from '#sdk/chain/chain.ts'
import type { Service } from '#sdk/chain/step.ts'
import { answer } from '#sdk/elements/answer.ts'
import { dns } from '#sdk/elements/dns.ts'
import { type EthernetOffer, ethernet } from '#sdk/elements/ethernet.ts'
import { type IpamOptions, ipam } from '#sdk/elements/ipam.ts'
import { labels } from '#sdk/elements/labels.ts'
import { maxConnections } from '#sdk/elements/max-connections.ts'
import { kernelMechanism } from '#sdk/elements/mechanism.ts'
import { type Monitor, newMonitor } from '#sdk/elements/monitor.ts'
import { policies } from '#sdk/elements/policies.ts'
import { type RouteOffer, routes } from '#sdk/elements/routes.ts'
import { validate } from '#sdk/elements/validate.ts'
import type { PairForm } from '#sdk/ipam/pair.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { DNSConfig, PolicyRoute } from '#sdk/wire/gen/connectioncontext/connectioncontext_pb.ts'
import type { NetworkServiceRequest } from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { interfaceNameFor } from './interface-name.ts'
import { occupiedSinceBefore } from './occupied.ts'
import { newPools } from './pools.ts'

/** What the behaviour of the endpoint depends on. */
export interface ChainSettings {
  readonly services: readonly string[]
  readonly pools: readonly (readonly string[])[]
  readonly pair: PairForm
  readonly ipamPolicy: NonNullable<IpamOptions['policy']>
  readonly routes: readonly RouteOffer[]
  readonly policies: () => Promise<readonly PolicyRoute[]>
  readonly dnsConfigs: readonly DNSConfig[]
  readonly link: EthernetOffer
  /** 0 is no limit. */
  readonly maxConnections: number
  /** For connections that lack them. */
  readonly labels: Readonly<Record<string, string>>
}

/** A chain and the monitor that is part of it. */
export interface EndpointChain {
  readonly service: Service<NetworkServiceRequest, Connection>
  readonly monitor: Monitor
}

/** What this endpoint does with a request, in order. */
export function endpointChain(settings: ChainSettings): EndpointChain {
  const monitor = newMonitor()
  const occupied = occupiedSinceBefore()
  const steps = chain(
    validate(settings.services),
    // Outside of all that changes the connection, so that it publishes the whole answer.
    monitor.step,
    ...(settings.maxConnections === 0 ? [] : [maxConnections(settings.maxConnections)]),
    labels(settings.labels),
    kernelMechanism(interfaceNameFor),
    // After a crash the pod's interfaces know better than we which addresses are taken.
    ipam(newPools(settings.pools, settings.pair), {
      occupied: connection => occupied(interfaceNameFor(connection)),
      policy: settings.ipamPolicy,
    }),
    routes(settings.routes),
    policies(settings.policies),
    ...(settings.dnsConfigs.length === 0 ? [] : [dns(settings.dnsConfigs)]),
    ethernet(settings.link),
  )
  return { service: steps(answer), monitor }
}
