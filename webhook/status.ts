import { annotationsOf } from '#kube/meta.ts'
import type { Pod } from '#kube/pod.ts'
import { isObject } from '#kube/shape.ts'
import { ownNames, statusAnnotation } from './names.ts'

/** Places of a pod that an injection may make or replace; what a status says of any other place is not believed. */
const places = [
  '/metadata',
  '/metadata/annotations',
  '/spec/initContainers',
  '/spec/containers',
  '/spec/dnsPolicy',
  '/spec/dnsConfig',
] as const

/** One of `places`. */
export type Place = (typeof places)[number]

/** Whether a path is one of `places`. */
export function isPlace(path: string): path is Place {
  return places.some(place => place === path)
}

/**
 * What the status annotation says of an earlier pass: all that is needed to take it back. It is anybody's to write, so
 * nothing is allowed because of it, and only containers with our names are ever taken out.
 */
export interface InjectionStatus {
  /** The image that we put, whatever a registry mirror made of it since; for people. */
  readonly image: string
  /** Digest of the container that we put, so that one that would be made otherwise now is noticed. */
  readonly digest: string
  readonly initContainers: readonly string[]
  readonly containers: readonly string[]
  /** Annotations that were set besides the status, and to what. */
  readonly annotations: Readonly<Record<string, string>>
  /** Places that were absent and were made. */
  readonly made: readonly Place[]
  /** Places that had another value, and which. */
  readonly replaced: Readonly<Partial<Record<Place, unknown>>>
}

/** The value of the status annotation; what is empty is left out. */
export function printStatus(status: InjectionStatus): string {
  const { image, digest, initContainers, containers, annotations, made, replaced } = status
  return JSON.stringify({
    version: 1,
    image,
    digest,
    ...(initContainers.length === 0 ? {} : { initContainers }),
    ...(containers.length === 0 ? {} : { containers }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(made.length === 0 ? {} : { made }),
    ...(Object.keys(replaced).length === 0 ? {} : { replaced }),
  })
}

/** The status of a pod; undefined when it has none. */
export function statusOf(pod: Pod): InjectionStatus | undefined {
  const text = annotationsOf(pod)[statusAnnotation]
  if (text === undefined) return undefined
  const parsed = parseJson(text)
  // What we cannot have written says nothing, but it stands in our place.
  const status = isObject(parsed) && parsed['version'] === 1 ? parsed : {}
  const replaced = isObject(status['replaced']) ? status['replaced'] : {}
  return {
    image: textOf(status['image']),
    digest: textOf(status['digest']),
    initContainers: textsOf(status['initContainers']).filter(name => ownNames.includes(name)),
    containers: textsOf(status['containers']).filter(name => ownNames.includes(name)),
    annotations: mapOf(status['annotations']),
    made: places.filter(place => textsOf(status['made']).includes(place)),
    replaced: Object.fromEntries(
      places
        .filter(place => Object.hasOwn(replaced, place) && couldBe(place, replaced[place]))
        .map(place => [place, replaced[place]]),
    ),
  }
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
}

function mapOf(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(isObject(value) ? value : {})
  return Object.fromEntries(entries.flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : [])))
}

/** Whether a place can have had that value: null, or what Kubernetes has there. */
function couldBe(place: Place, value: unknown): boolean {
  if (value === null) return true
  if (place === '/spec/dnsPolicy') return typeof value === 'string'
  return place === '/spec/dnsConfig' && isObject(value) && isFlat(value, deepest)
}

/** A pod's dnsConfig has lists of objects of text. */
const deepest = 4

function isFlat(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every(inner => isFlat(inner, depth - 1))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Somebody else's text: the same as no status.
    return undefined
  }
}
