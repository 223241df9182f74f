import type { Connections } from '#manager/connections.ts'
import type { Events } from '#manager/events.ts'
import { endpointName, externalOf } from '#manager/external-network.ts'
import { labelText } from '#manager/label-text.ts'
import type { ManagerRequest, ManagerStep } from '#manager/request.ts'
import { RoundRobin } from '#manager/round-robin.ts'
import { select } from '#manager/select.ts'
import { fillTemplate } from '#manager/template.ts'
import { RegistryChanges } from '#registry/changes.ts'
import { endpointsOf, findService } from '#registry/lookup.ts'
import { type EndpointRecord, type Registry, type ServiceRecord, serviceKey } from '#registry/registry.ts'
import type { Call } from '#sdk/chain/step.ts'
import { NsmError } from '#sdk/errors.ts'
import { type Connection, State } from '#sdk/wire/gen/connection/connection_pb.ts'
import { count, type Found, noEndpoint, noService } from './no-endpoint.ts'

/** What the choice of an endpoint depends on. */
export interface CandidatesOptions {
  readonly registry: Registry
  readonly connections: Connections
  readonly events: Events
  readonly node: string
  /** The namespace whose services all see. */
  readonly sharedNamespace: string
  /** Milliseconds that a client who asks again is held, in case somebody comes who can serve it. */
  readonly endpointWaitMs: number
}

/** The codes by which an endpoint is passed over and the next one asked. */
const refusals: readonly string[] = ['ENDPOINT_REFUSED', 'ENDPOINT_LOST', 'POOL_EXHAUSTED']

/**
 * Asks the endpoints that may serve the client one after another, until one accepts: first the one that it has
 * already, then by round robin. After each refusal the registry is asked again. Another manager names the endpoint,
 * and only that is asked. Fails with SERVICE_NOT_FOUND, with ENDPOINT_LOST when all that were asked died, else with
 * NO_ENDPOINT.
 */
export function candidates(options: CandidatesOptions): ManagerStep {
  const turns = new RoundRobin()
  return {
    name: 'candidates',
    async request(input, call, next) {
      if (input.caller.kind === 'manager')
        return await next({ ...input, endpoint: await named(input, options) }, call)
      const refused = new Map<string, NsmError>()
      for (;;) {
        const found = await lookOrWait(input, options, call.signal)
        const left = found.candidates.filter(
          ({ endpoint }) => !refused.has(endpoint.name) && endpoint.name !== input.without,
        )
        const endpoint = kept(input, left, options) ?? turns.next(turnOf(found), left)[0]
        if (endpoint === undefined) throw noEndpoint(input, found, [...refused.values()])
        tellChosen(input, endpoint, options)
        const mark = call.scope.mark()
        try {
          const { payload } = found.service.service
          const connection = { ...input.connection, payload }
          const forwarderLabels = forwarderLabelsOf(found, connection)
          return await next({ ...input, connection, service: found.service, endpoint, forwarderLabels }, call)
        } catch (cause) {
          const failure = NsmError.from(cause)
          if (!refusals.includes(failure.code) || call.signal.aborted) throw cause
          refused.set(endpoint.endpoint.name, failure)
          await undo(call, mark)
        }
      }
    },
  }
}

/**
 * Looks once for a client that asks for the first time, so that it can say at once what it waits for. One that asks
 * again is held until the registry changes: it need not ask every other second, and goes on in the moment it can.
 */
async function lookOrWait(
  input: ManagerRequest,
  options: CandidatesOptions,
  signal: AbortSignal,
): Promise<Found> {
  const found = await look(input, options)
  if (isOffer(found) || input.attempt <= 1 || input.asker === 'agent') return foundOrThrow(found)
  using changes = new RegistryChanges(options.registry)
  const patience = AbortSignal.any([signal, AbortSignal.timeout(options.endpointWaitMs)])
  for (;;) {
    const again = await look(input, options)
    if (isOffer(again) || (await changes.next(patience)) === 'no') return foundOrThrow(again)
  }
}

/** What the registry offers, or why it offers nothing. */
type Sight = Found | NsmError

function isOffer(sight: Sight): boolean {
  return !(sight instanceof NsmError) && sight.candidates.length > 0
}

function foundOrThrow(sight: Sight): Found {
  if (sight instanceof NsmError) throw sight
  return sight
}

async function look(input: ManagerRequest, options: CandidatesOptions): Promise<Sight> {
  const { registry, sharedNamespace, events, node } = options
  const { networkService, labels } = input.connection
  const own = input.caller.kind === 'pod' ? input.caller.pod.namespace : sharedNamespace
  const namespaces = [...new Set([own, sharedNamespace])]
  const service = await findService(registry, networkService, namespaces)
  if (service === undefined) return noService(networkService, namespaces)
  const offering = (await endpointsOf(registry, service, sharedNamespace)).filter(isReachableFrom(node))
  const found = { ...select(service.service, offering, { nodeName: node, ...labels }), service, offering }
  const text = `the registry has ${count(offering.length, 'endpoint')} of it, ${found.candidates.length} for a client with ${labelText(labels)}`
  events.tell({ step: 'registry-queried', object: keyOf(service), text }, input)
  return found
}

/** The endpoint that the client has, unless it asks for another. */
function kept(
  { id, connection }: ManagerRequest,
  left: readonly EndpointRecord[],
  { connections }: CandidatesOptions,
): EndpointRecord | undefined {
  if (connection.state === State.RESELECT_REQUESTED) return undefined
  const names = [connection.networkServiceEndpointName, connections.get(id)?.endpoint.endpoint.name]
  return left.find(({ endpoint }) => names.includes(endpoint.name))
}

/** The endpoint that another manager asks for. NO_ENDPOINT when it is not on this node, or not any more. */
async function named(
  { connection, without }: ManagerRequest,
  { registry, node }: CandidatesOptions,
): Promise<EndpointRecord> {
  const { networkService, networkServiceEndpointName: name } = connection
  const record = await registry.endpoints.get(name)
  if (
    name !== without &&
    record?.node === node &&
    externalOf(record) === undefined &&
    record.endpoint.networkServiceNames.includes(networkService)
  )
    return record
  throw new NsmError(
    'NO_ENDPOINT',
    `no endpoint ${JSON.stringify(name)} of ${networkService} on node ${node}; choose another`,
  )
}

function tellChosen(input: ManagerRequest, record: EndpointRecord, options: CandidatesOptions): void {
  const where = record.node === options.node ? 'this node' : `node ${record.node}`
  const text = `chose ${endpointName(record)} on ${where}`
  options.events.tell({ step: 'endpoint-selected', object: record.endpoint.name, text }, input)
}

/** An external network is for the pods of the nodes whose forwarders have it. */
function isReachableFrom(node: string): (record: EndpointRecord) => boolean {
  return record => record.node === node || externalOf(record) === undefined
}

/** What the match asks of a forwarder (NSM v1, `metadata.labels`); values are templates over the client's labels. */
function forwarderLabelsOf({ service, match }: Found, { labels }: Connection): Record<string, string> {
  const wanted = service.service.matches[match - 1]?.metadata?.labels ?? {}
  return Object.fromEntries(Object.entries(wanted).map(([key, value]) => [key, fillTemplate(value, labels)]))
}

function keyOf({ namespace, service }: ServiceRecord): string {
  return serviceKey(namespace, service.name)
}

function turnOf({ service, match }: Found): string {
  return `${keyOf(service)}#${match}`
}

/** What a refused candidate leaves behind must not keep the next one from being asked. */
async function undo({ scope, log }: Call, mark: ReturnType<Call['scope']['mark']>): Promise<void> {
  try {
    await scope.rollback(mark)
  } catch (thrown) {
    log.warn(
      { reason: NsmError.from(thrown).message },
      'taking back what a refused endpoint was asked failed',
    )
  }
}
