import { parseEntry } from './service-ref/entry.ts'
import { bad, type Piece, split, trim } from './service-ref/piece.ts'

/** One entry of the annotation: a wish for one interface into one network service. */
export interface ServiceRef {
  readonly service: string
  /** The domain that the service is asked of; absent means this one. */
  readonly domain?: string
  /** Name of the client's interface; absent means that the client chooses. */
  readonly interface?: string
  /** Labels of the client that endpoints are selected by. */
  readonly labels: Readonly<Record<string, string>>
  readonly mechanism: 'kernel'
}

/** Where a value comes from, for messages. */
export interface ParseOptions {
  /** Default `network services`. */
  readonly source?: string
}

/** What the annotations of an object ask for. */
export interface ParsedAnnotations {
  readonly refs: readonly ServiceRef[]
  /** Sentences about annotations that look meant for us but are not read. */
  readonly warnings: readonly string[]
}

/** The annotations that are read: v0.2's key, then v1's. Each takes both forms of an entry. */
export const annotationKeys = ['ns.networkservicemesh.io', 'networkservicemesh.io'] as const

/**
 * Reads the value of an annotation, or of the environment variable that carries it:
 *
 *     value = entry *( "," entry )                        white space around an entry is left out
 *     entry = [ "kernel://" ] service [ "@" domain ] [ "/" [ interface ] ] [ "?" [ label *( "&" label ) ] ]
 *     label = key [ "=" value ]
 *
 * Interface, key and value are percent-decoded, so that a value may hold any character; in labels `+` is a space.
 * Fails with BAD_ANNOTATION, which names the entry, the column, what was found and what is expected. What v0.2
 * let through (NSM v0.2) and is refused here: an empty value or entry, an empty name, a port, a scheme other
 * than kernel, a third path part, a repeated label, an interface name used twice.
 */
export function parseServiceRefs(text: string, options: ParseOptions = {}): readonly ServiceRef[] {
  return collect([{ source: options.source ?? 'network services', text }])
}

/** Writes references in the shorter form; `parseServiceRefs` reads the same references back. */
export function printServiceRefs(refs: readonly ServiceRef[]): string {
  return refs.map(printServiceRef).join(',')
}

/**
 * Reads what an object's annotations ask for. Two annotations are read one after the other and may not name the
 * same interface. Keys of another case (`Ns.networkservicemesh.io`) are not read but warned about. Fails with
 * BAD_ANNOTATION.
 */
export function parseAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
): ParsedAnnotations {
  const values = annotationKeys.flatMap(key => {
    const text = annotations?.[key]
    return text === undefined ? [] : [{ source: `annotation ${key}`, text }]
  })
  return { refs: collect(values), warnings: Object.keys(annotations ?? {}).flatMap(warningsOf) }
}

function collect(
  values: readonly { readonly source: string; readonly text: string }[],
): readonly ServiceRef[] {
  const taken = new Set<string>()
  return values.flatMap(entriesOf).map(entry => {
    const ref = parseEntry(entry)
    if (ref.interface === undefined) return ref
    if (taken.has(ref.interface)) {
      throw bad(
        entry,
        `each interface once, and ${JSON.stringify(ref.interface)} is asked for by an earlier entry`,
      )
    }
    taken.add(ref.interface)
    return ref
  })
}

function entriesOf(value: { readonly source: string; readonly text: string }): readonly Piece[] {
  const whole: Piece = { where: value.source, column: 1, text: value.text }
  if (!value.text.isWellFormed()) throw bad(whole, 'well-formed Unicode')
  return split(whole, ',').map((piece, index) =>
    trim({ ...piece, where: `${value.source}, entry ${index + 1}` }),
  )
}

function printServiceRef(ref: ServiceRef): string {
  const labels = Object.entries(ref.labels).map(
    ([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`,
  )
  return [
    ref.service,
    ref.domain === undefined ? '' : `@${ref.domain}`,
    ref.interface === undefined ? '' : `/${encodeURIComponent(ref.interface)}`,
    labels.length === 0 ? '' : `?${labels.join('&')}`,
  ].join('')
}

function warningsOf(key: string): readonly string[] {
  const meant = annotationKeys.find(known => known !== key && known === key.toLowerCase())
  return meant === undefined ? [] : [`annotation ${key} is ignored: keys are case-sensitive, write ${meant}`]
}
