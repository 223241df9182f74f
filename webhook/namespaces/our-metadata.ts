import type { ObjectMeta } from '#kube/meta.ts'
import { isObject, type JsonObject } from '#kube/shape.ts'
import { annotationKeys } from '#sdk/service-ref.ts'
import { inheritLabel } from '#webhook/names.ts'

/** All that is kept of a namespace. */
export interface OurMetadata {
  readonly name: string
  /** Whether it carries the label that makes its pods inherit. */
  readonly inherits: boolean
  /** The annotations that are meant for us, those of another case included, so that they can be warned about. */
  readonly annotations: Readonly<Record<string, string>>
}

/** Reads what concerns us of a namespace, and nothing else; undefined when the object has no name. */
export function ourMetadata(namespace: JsonObject): OurMetadata | undefined {
  const metadata = isObject(namespace['metadata']) ? namespace['metadata'] : {}
  const name = metadata['name']
  if (typeof name !== 'string') return undefined
  return {
    name,
    inherits: textsOf(metadata['labels'])[inheritLabel] === 'true',
    annotations: ourAnnotations(textsOf(metadata['annotations'])),
  }
}

/** Those annotations that are meant for us. */
export function ourAnnotations(annotations: NonNullable<ObjectMeta['annotations']>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => isOurs(key.toLowerCase())))
}

function isOurs(key: string): boolean {
  return annotationKeys.some(known => known === key) || key.startsWith('networkservicemesh.io/')
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  const texts = Object.entries(isObject(value) ? value : {})
  return Object.fromEntries(texts.flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : [])))
}
