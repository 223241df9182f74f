import type { EndpointRecord } from '#registry/registry.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Destination, Match, NetworkService } from '#sdk/wire/gen/registry/registry_pb.ts'
import { labelText } from './label-text.ts'
import { fillTemplate } from './template.ts'

type Labels = Readonly<Record<string, string>>

/** What the selection found. */
export interface Selection {
  /** The endpoints that may serve the client, in the order of the registry. */
  readonly candidates: readonly EndpointRecord[]
  /** Which match they come from, counted from 1; 0 when the service has none. Round robin turns per match. */
  readonly match: number
  /** What was looked for and why it was not found, one clause per match. */
  readonly tried: readonly string[]
}

/**
 * The endpoints of a service that a client with these labels may have (NSM v0.2).
 *
 * | matches of the service | candidates |
 * |---|---|
 * | none | all endpoints |
 * | source selector within the client's labels | of the first such match with any: endpoints that a route selects |
 * | empty source selector | the same, but only while no match with a selector was for this client |
 *
 * Values on both sides are templates over the client's labels; an empty one also matches a label that is missing. A
 * match with a bad template is passed over and named in `tried`. Weights have no effect.
 */
export function select(
  service: NetworkService,
  endpoints: readonly EndpointRecord[],
  labels: Labels,
): Selection {
  if (service.matches.length === 0) return { candidates: endpoints, match: 0, tried: ['any endpoint'] }
  const tried: string[] = []
  let wasMeant = false
  for (const [index, match] of service.matches.entries()) {
    const outcome = tryMatch(match, { service: service.name, endpoints, labels, wasMeant })
    wasMeant ||= outcome.isMeant
    if (outcome.candidates.length > 0) return { candidates: outcome.candidates, match: index + 1, tried }
    tried.push(`match ${index + 1} ${outcome.why}`)
  }
  return { candidates: [], match: 0, tried }
}

interface Question {
  readonly service: string
  readonly endpoints: readonly EndpointRecord[]
  readonly labels: Labels
  /** Whether a match with a source selector was for this client already. */
  readonly wasMeant: boolean
}

interface Outcome {
  readonly candidates: readonly EndpointRecord[]
  readonly isMeant: boolean
  readonly why: string
}

function tryMatch(match: Match, { service, endpoints, labels, wasMeant }: Question): Outcome {
  try {
    const source = filled(match.sourceSelector, labels)
    const isWildcard = Object.keys(source).length === 0
    if (isWildcard && wasMeant) return none('is for clients that no other match is for')
    if (!contains(labels, source)) return none(`is for clients with ${labelText(source)}`)
    const wanted = match.routes.map((route: Destination) => filled(route.destinationSelector, labels))
    const candidates = endpoints.filter(record =>
      wanted.some(selector => contains(labelsOf(record, service), selector)),
    )
    const why =
      wanted.length === 0
        ? 'names no route'
        : `looks for endpoints with ${wanted.map(labelText).join(' or ')}, and there is none`
    return { candidates, isMeant: !isWildcard, why }
  } catch (cause) {
    return none(`is broken (${NsmError.from(cause).message})`)
  }
}

function none(why: string): Outcome {
  return { candidates: [], isMeant: false, why }
}

/** The labels of an endpoint as a provider of one service. */
function labelsOf({ endpoint }: EndpointRecord, service: string): Labels {
  return endpoint.networkServiceLabels[service]?.labels ?? {}
}

function filled(selector: Labels, labels: Labels): Labels {
  return Object.fromEntries(
    Object.entries(selector).map(([key, value]) => [key, fillTemplate(value, labels)]),
  )
}

function contains(labels: Labels, selector: Labels): boolean {
  return Object.entries(selector).every(
    ([key, value]) => (Object.hasOwn(labels, key) ? labels[key] : '') === value,
  )
}
