import type { MessageInitShape } from '@bufbuild/protobuf'
import { NsmError } from '#sdk/errors.ts'
import type { NetworkServiceObjectSchema } from '#sdk/wire/gen/admin/admin_pb.ts'
import type { DestinationSchema, MatchSchema } from '#sdk/wire/gen/registry/registry_pb.ts'
import { isObject, type JsonObject, ShapeError } from './shape.ts'

/** The parts of a NetworkService object that are read. */
export interface NetworkServiceShape {
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec?: unknown
}

/**
 * Reads a NetworkService object in every shape that is about: v1alpha1's (`sourceSelector`, `route`,
 * `destinationSelector`), v1's (`source_selector`, `routes`, `destination_selector`, weight, fallthrough), the empty
 * `match:` and `destination:` keys of the published examples, and selectors that hang below those keys.
 * Throws BAD_INPUT naming the service and the place.
 */
export function readNetworkService(
  object: NetworkServiceShape,
): MessageInitShape<typeof NetworkServiceObjectSchema> {
  const { name, namespace } = object.metadata
  const spec = isObject(object.spec) ? object.spec : {}
  try {
    const payload = textAt(spec['payload'] ?? 'IP', 'payload')
    const matches = listAt(spec['matches'], 'matches').map((match, index) =>
      readMatch(match, `matches[${index}]`),
    )
    return { namespace, networkService: { name, payload, matches } }
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause
    throw new NsmError('BAD_INPUT', `networkservice/${name}: spec.${cause.message}`, { cause })
  }
}

function readMatch(match: JsonObject, place: string): MessageInitShape<typeof MatchSchema> {
  const found = withNested(match, 'match', place)
  const routes = found['routes'] ?? found['route']
  const metadata = found['metadata']
  return {
    sourceSelector: selectorAt(
      found['sourceSelector'] ?? found['source_selector'],
      `${place}.sourceSelector`,
    ),
    routes: listAt(routes, `${place}.routes`).map((route, index) =>
      readRoute(route, `${place}.routes[${index}]`),
    ),
    fallthrough: found['fallthrough'] === true || found['fallThrough'] === true,
    ...(isObject(metadata)
      ? { metadata: { labels: selectorAt(metadata['labels'], `${place}.metadata.labels`) } }
      : {}),
  }
}

function readRoute(route: JsonObject, place: string): MessageInitShape<typeof DestinationSchema> {
  const found = withNested(route, 'destination', place)
  const weight = found['weight'] ?? 0
  if (typeof weight !== 'number' || !Number.isInteger(weight) || weight < 0)
    throw new ShapeError(`${place}.weight is not a whole number`)
  const selector = found['destinationSelector'] ?? found['destination_selector']
  return { destinationSelector: selectorAt(selector, `${place}.destinationSelector`), weight }
}

/** An object together with what hangs below a key that may be there, empty, or absent. */
function withNested(object: JsonObject, key: string, place: string): JsonObject {
  const nested = object[key]
  if (nested === undefined || nested === null) return object
  if (!isObject(nested)) throw new ShapeError(`${place}.${key} is not an object`)
  return { ...nested, ...object }
}

function selectorAt(value: unknown, place: string): Record<string, string> {
  if (value === undefined || value === null) return {}
  if (!isObject(value)) throw new ShapeError(`${place} is not a map of labels`)
  return Object.fromEntries(
    Object.entries(value).map(([key, label]) => [key, textAt(label, `${place}.${key}`)]),
  )
}

function listAt(value: unknown, place: string): readonly JsonObject[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new ShapeError(`${place} is not a list`)
  return value.map((item, index) => {
    if (item === null) return {}
    if (!isObject(item)) throw new ShapeError(`${place}[${index}] is not an object`)
    return item
  })
}

function textAt(value: unknown, place: string): string {
  if (typeof value === 'string') return value
  throw new ShapeError(`${place} is not text; write it in quotes`)
}
